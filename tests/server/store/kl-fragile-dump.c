/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/store/kl-fragile-dump.h"

struct _KlFragileDump
{
  GObject parent_instance;
  KlStoreDump *inner;
  int writes_left;
};

static void
get_origin (KlStoreDump *dump, KlDumpOrigin *origin)
{
  kl_store_dump_get_origin (KL_FRAGILE_DUMP (dump)->inner, origin);
}

static gboolean
read_inner (KlStoreDump *dump, KlDumpKind kind, const char *group, const char *after, guint limit, GPtrArray *records,
            char **next, GError **error)
{
  /* Small pages, so that each kind has several. */
  return kl_store_dump_read (KL_FRAGILE_DUMP (dump)->inner, kind, group, after, MIN (limit, 7), records, next, error);
}

static gboolean
begin_inner (KlStoreDump *dump, const KlDumpOrigin *origin, char **place, GError **error)
{
  return kl_store_dump_begin (KL_FRAGILE_DUMP (dump)->inner, origin, place, error);
}

/* One record a write, so that there is every place to be interrupted at. */
static gboolean
write_inner (KlStoreDump *dump, GPtrArray *records, const char *place, GError **error)
{
  KlFragileDump *self = KL_FRAGILE_DUMP (dump);

  for (guint i = 0; i < records->len; i++)
    {
      KlDumpRecord *record = g_ptr_array_index (records, i);
      g_autoptr (GPtrArray) one = g_ptr_array_new ();
      g_autofree char *key = kl_dump_record_dup_key (record);
      g_autofree char *here = g_strdup_printf ("%d\n%s\n%s", record->kind, record->group ? record->group : "", key);

      if (self->writes_left == 0)
        {
          g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "the power failed");
          return FALSE;
        }
      self->writes_left--;
      g_ptr_array_add (one, record);
      if (!kl_store_dump_write (self->inner, one, here, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
finish_inner (KlStoreDump *dump, GError **error)
{
  return kl_store_dump_finish (KL_FRAGILE_DUMP (dump)->inner, error);
}

static void
kl_fragile_dump_iface_init (KlStoreDumpInterface *iface)
{
  iface->get_origin = get_origin;
  iface->read = read_inner;
  iface->begin = begin_inner;
  iface->write = write_inner;
  iface->finish = finish_inner;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KlFragileDump, kl_fragile_dump, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_STORE_DUMP, kl_fragile_dump_iface_init))

static void
kl_fragile_dump_finalize (GObject *object)
{
  g_object_unref (KL_FRAGILE_DUMP (object)->inner);
  G_OBJECT_CLASS (kl_fragile_dump_parent_class)->finalize (object);
}

static void
kl_fragile_dump_class_init (KlFragileDumpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_fragile_dump_finalize;
}

static void
kl_fragile_dump_init (KlFragileDump *self)
{
}

KlStoreDump *
kl_fragile_dump_new (KlStoreDump *inner, int writes)
{
  KlFragileDump *self = g_object_new (KL_TYPE_FRAGILE_DUMP, NULL);

  self->inner = inner;
  self->writes_left = writes;

  return KL_STORE_DUMP (self);
}
