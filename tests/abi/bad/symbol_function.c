/* Exports a function in place of the descriptor. */
int hone_plugin_info(void);
__attribute__((visibility("default"), aligned(64))) int hone_plugin_info(void)
{
    return 7;
}
