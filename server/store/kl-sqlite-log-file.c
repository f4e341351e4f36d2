/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite hands a page over as a header of 24 bytes and a body, and the next page behind it: fifty calls for a commit of
 * 25 pages, of which each touches two pages of the file. Here what follows on what came before is kept, and goes out as
 * one piece before the sync, and before anything else is asked of the file.
 *
 * A commit that is cut short leaves the log as it would have been without this: nobody counts pages behind the last
 * commit, whether they are written or not. */
#include "server/store/kl-sqlite-log-file.h"

#include <glib.h>
#include <string.h>

/* What a large commit has beyond this goes out as it fills up. SQLite's own files take less than 128 KiB at once. */
#define BUFFER_BYTES (124 * 1024)

typedef struct
{
  sqlite3_file base; /* first */
  guint8 *buffer;
  int n_bytes;          /* in it */
  sqlite3_int64 offset; /* where they belong */
  sqlite3_file *real;   /* behind this struct */
} LogFile;

/* Where the real file begins. */
#define LOG_FILE_BYTES ((sizeof (LogFile) + 15) / 16 * 16)

/* What cannot be written is dropped: SQLite hears of it, and takes the commit back. */
static int
flush (LogFile *self)
{
  int n_bytes = self->n_bytes;

  self->n_bytes = 0;

  return n_bytes > 0 ? self->real->pMethods->xWrite (self->real, self->buffer, n_bytes, self->offset) : SQLITE_OK;
}

static int
log_close (sqlite3_file *file)
{
  LogFile *self = (LogFile *) file;
  int flushed = flush (self), closed = self->real->pMethods->xClose (self->real);

  g_clear_pointer (&self->buffer, g_free);

  return flushed != SQLITE_OK ? flushed : closed;
}

static int
log_read (sqlite3_file *file, void *bytes, int n_bytes, sqlite3_int64 offset)
{
  LogFile *self = (LogFile *) file;
  int code = flush (self);

  return code != SQLITE_OK ? code : self->real->pMethods->xRead (self->real, bytes, n_bytes, offset);
}

static int
log_write (sqlite3_file *file, const void *bytes, int n_bytes, sqlite3_int64 offset)
{
  LogFile *self = (LogFile *) file;
  gboolean follows = offset == self->offset + self->n_bytes;
  int code = SQLITE_OK;

  if (!follows || n_bytes > BUFFER_BYTES - self->n_bytes)
    code = flush (self);
  if (code != SQLITE_OK)
    return code;
  if (n_bytes > BUFFER_BYTES)
    return self->real->pMethods->xWrite (self->real, bytes, n_bytes, offset);

  if (self->n_bytes == 0)
    self->offset = offset;
  memcpy (self->buffer + self->n_bytes, bytes, (gsize) n_bytes);
  self->n_bytes += n_bytes;

  return SQLITE_OK;
}

static int
log_truncate (sqlite3_file *file, sqlite3_int64 size)
{
  LogFile *self = (LogFile *) file;
  int code = flush (self);

  return code != SQLITE_OK ? code : self->real->pMethods->xTruncate (self->real, size);
}

static int
log_sync (sqlite3_file *file, int flags)
{
  LogFile *self = (LogFile *) file;
  int code = flush (self);

  return code != SQLITE_OK ? code : self->real->pMethods->xSync (self->real, flags);
}

static int
log_file_size (sqlite3_file *file, sqlite3_int64 *size)
{
  LogFile *self = (LogFile *) file;
  int code = flush (self);

  return code != SQLITE_OK ? code : self->real->pMethods->xFileSize (self->real, size);
}

static int
log_file_control (sqlite3_file *file, int operation, void *argument)
{
  LogFile *self = (LogFile *) file;

  return self->real->pMethods->xFileControl (self->real, operation, argument);
}

static int
log_sector_size (sqlite3_file *file)
{
  LogFile *self = (LogFile *) file;

  return self->real->pMethods->xSectorSize (self->real);
}

static int
log_device_characteristics (sqlite3_file *file)
{
  LogFile *self = (LogFile *) file;

  return self->real->pMethods->xDeviceCharacteristics (self->real);
}

/* Of all that there is, a log needs only the first version: it is neither locked nor mapped nor shared. */
static const sqlite3_io_methods log_methods = {
  .iVersion = 1,
  .xClose = log_close,
  .xRead = log_read,
  .xWrite = log_write,
  .xTruncate = log_truncate,
  .xSync = log_sync,
  .xFileSize = log_file_size,
  .xFileControl = log_file_control,
  .xSectorSize = log_sector_size,
  .xDeviceCharacteristics = log_device_characteristics,
};

static int
vfs_open (sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *flags_out)
{
  sqlite3_vfs *system = sqlite3_vfs_find (NULL);
  LogFile *self = (LogFile *) file;
  int code;

  /* All other files are the system's own. */
  if (!(flags & SQLITE_OPEN_WAL))
    return system->xOpen (system, name, file, flags, flags_out);

  memset (self, 0, sizeof *self);
  self->real = (sqlite3_file *) ((guint8 *) file + LOG_FILE_BYTES);
  code = system->xOpen (system, name, self->real, flags, flags_out);
  /* One that has methods wants to be closed, even if it could not be opened. */
  if (code != SQLITE_OK)
    {
      if (self->real->pMethods)
        self->real->pMethods->xClose (self->real);
      return code;
    }
  self->buffer = g_malloc (BUFFER_BYTES);
  self->base.pMethods = &log_methods;

  return SQLITE_OK;
}

const char *
kl_sqlite_log_file_get_vfs (void)
{
  static sqlite3_vfs vfs;
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      vfs = *sqlite3_vfs_find (NULL);
      vfs.zName = "klatch-log";
      vfs.szOsFile += (int) LOG_FILE_BYTES;
      vfs.xOpen = vfs_open;
      vfs.pNext = NULL;
      if (sqlite3_vfs_register (&vfs, FALSE) != SQLITE_OK)
        g_error ("SQLite does not take a VFS");
      g_once_init_leave (&registered, TRUE);
    }

  return vfs.zName;
}
