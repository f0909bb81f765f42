# For the Makefile of plugins of Hone, for GNU make:
#   PLUGINS = mine other         # mine.c to mine.so, other.c to other.so
#   KIND = optimizers            # the folder of the plugin directory for `make install`; empty: the directory itself
#   include $(shell pkg-config --variable=pluginmk hone)
# Gives the targets all, check, install and clean. CFLAGS, LDFLAGS, LDLIBS, DESTDIR and PKG_CONFIG are the user's.
PKG_CONFIG ?= pkg-config
HONE ?= hone
CFLAGS ?= -O3 -g
HONE_PLUGINDIR ?= $(shell $(PKG_CONFIG) --variable=plugindir hone)
HONE_PLUGIN_CFLAGS := $(shell $(PKG_CONFIG) --cflags hone) -std=c11 -Wall -Wextra -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC

all: $(PLUGINS:%=%.so)

%.so: %.c
	$(CC) $(HONE_PLUGIN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -shared $(LDFLAGS) -o $@ $< $(LDLIBS) -lm

check: all
	@for p in $(PLUGINS); do $(HONE) plugin check ./$$p.so || exit 1; done

install: all
	@for p in $(PLUGINS); do install -D -m 755 $$p.so "$(DESTDIR)$(HONE_PLUGINDIR)/$(KIND)/$$p.so" || exit 1; done

clean:
	rm -f $(PLUGINS:%=%.so)

.PHONY: all check install clean
