dnl For the configure.ac of plugins of Hone. Installed with Hone; needs pkg.m4 of pkg-config.
dnl
dnl HONE_PLUGIN_PREREQ([MINOR], [IF-FOUND], [IF-NOT-FOUND]): looks for Hone's headers and substitutes
dnl   HONE_CFLAGS          include path, and the flags without which results depend on the machine
dnl   HONE_PLUGIN_LDFLAGS  for libtool: one shared object that exports the descriptor alone
dnl   HONE_PLUGINDIR       where Hone looks for plugins; an item of kind optimizer goes into its folder optimizers
dnl   HONE_ABI             the version of the interface, as 0.2
dnl MINOR: the lowest minor version of the interface that the plugin needs.
AC_DEFUN([HONE_PLUGIN_PREREQ], [
AC_REQUIRE([PKG_PROG_PKG_CONFIG])
PKG_CHECK_MODULES([HONE], [hone], [
  HONE_PLUGINDIR=`$PKG_CONFIG --variable=plugindir hone`
  HONE_ABI=`$PKG_CONFIG --variable=abi hone`
  HONE_CFLAGS="$HONE_CFLAGS -ffp-contract=off -fno-math-errno -fvisibility=hidden"
  HONE_PLUGIN_LDFLAGS="-module -avoid-version -shared -no-undefined -export-symbols-regex '^hone_plugin_info\$\$'"
  hone_minor=`expr "$HONE_ABI" : '.*\.\(.*\)'`
  AS_IF([test "$hone_minor" -ge m4_default([$1], [0])],
    [m4_default([$2], [:])],
    [m4_default([$3], [AC_MSG_ERROR([Hone offers plugin interface $HONE_ABI; its minor version must be m4_default([$1], [0]) or later])])])
], [m4_default([$3], [AC_MSG_ERROR([the headers of Hone were not found; set PKG_CONFIG_PATH to the folder of hone.pc])])])
AC_SUBST([HONE_PLUGIN_LDFLAGS])
AC_SUBST([HONE_PLUGINDIR])
AC_SUBST([HONE_ABI])
])
