/* What a backup is called and what is in it, for backup.c, which writes one, and restore.c, which reads it. Private to core/api. */
#ifndef API_BACKUP_H
#define API_BACKUP_H

#define BACKUP_MANIFEST "hone-backup.json" /* first in the archive: {format, version, created_at, files [{path, bytes, sha256}]} */
#define BACKUP_FORMAT "hone-backup/1"
#define BACKUP_MANIFEST_MAX ((int64_t)64 << 20)

/* Removes what a backup or a restore that was killed has left. With the store's lock. */
void backup_sweep(const char *state_dir);

#endif
