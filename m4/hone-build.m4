dnl HONE_CFLAG(FLAG): appends FLAG to HONE_CFLAGS when the compiler takes it without a warning.
AC_DEFUN([HONE_CFLAG], [
AC_CACHE_CHECK([whether $CC takes $1], [AS_TR_SH([hone_cv_cflag_$1])], [
  hone_save=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_TR_SH([hone_cv_cflag_$1])=yes], [AS_TR_SH([hone_cv_cflag_$1])=no])
  CFLAGS=$hone_save])
AS_IF([test "$AS_TR_SH([hone_cv_cflag_$1])" = yes], [HONE_CFLAGS="$HONE_CFLAGS $1"])
])

dnl HONE_LDFLAG(VARIABLE, FLAG): appends FLAG to VARIABLE when a program links with it.
AC_DEFUN([HONE_LDFLAG], [
AC_CACHE_CHECK([whether the linker takes $2], [AS_TR_SH([hone_cv_ldflag_$2])], [
  hone_save=$LDFLAGS
  hone_save_cflags=$CFLAGS
  CFLAGS="$CFLAGS -fPIE"
  LDFLAGS="$LDFLAGS -Werror $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AS_TR_SH([hone_cv_ldflag_$2])=yes], [AS_TR_SH([hone_cv_ldflag_$2])=no])
  LDFLAGS=$hone_save
  CFLAGS=$hone_save_cflags])
AS_IF([test "$AS_TR_SH([hone_cv_ldflag_$2])" = yes], [$1="$$1 $2"])
])

dnl HONE_PLUGINS(KINDS): --disable-plugins-KINDS and the conditional PLUGINS_KINDS.
AC_DEFUN([HONE_PLUGINS], [
AC_ARG_ENABLE([plugins-$1], [AS_HELP_STRING([--disable-plugins-$1], [leave out the bundled $1])],
  [], [enable_plugins_$1=yes])
AM_CONDITIONAL([PLUGINS_]m4_toupper([$1]), [test "$enable_plugins_$1" != no])
])
