/* Made by rng_reference.py. */
static const struct { uint64_t seed, counter, value; uint32_t stream; } philox_reference[] = {
    { 0x0u, 0x0u, 0xe169c58d6627e8d5u, 0u },
    { 0x2au, 0x0u, 0x2051e91302933769u, 1u },
    { 0x2au, 0x1u, 0xfdd21d9420ff9139u, 1u },
    { 0x2au, 0x0u, 0x852e586665fe70a6u, 2u },
    { 0xffffffffffffffffu, 0xffffffffffffffffu, 0xe4c1e0f1eec03824u, 4294967295u },
    { 0x123456789abcdefu, 0x100000000u, 0x38a0d4e6c2692e75u, 7u },
    { 0x1u, 0x75bcd15u, 0x04e4d01fbe24b19fu, 10u },
};
