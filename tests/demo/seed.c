/* SPDX-License-Identifier: GPL-3.0-or-later */
/* klatch-demo-seed STORY FOLDER: makes the server's folder as if six people had talked in it for a week,
 * and prints the id of the story's first group.
 *
 * It runs the real chat core on a real store, one deed after the other in the order of the story, with a clock that
 * says what the story says. */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "protocol/kl-id.h"
#include "protocol/kl-json.h"
#include "server/bus/kl-local-bus.h"
#include "server/chat/kl-chat.h"
#include "server/store/kl-sqlite-store.h"

#define PASSWORD "kettle is on"
#define DOMAIN "localhost"
/* The story's last day is told at this time; its messages lie as far back from now. */
#define STORY_NOW_MINUTES (10 * 60 + 48)
#define MINUTE_MS (60 * 1000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define N_HUES 8

typedef struct
{
  char *name;
  char *display_name;
  char *status_text;
  char *id;
} Person;

typedef struct
{
  char *slug; /* or NULL */
  char *name;
  char *emoji;
  char *topic;
  int hue;
  GPtrArray *members; /* Person, lent; the first is the owner */
  char *id;
  gint64 told_until_ms;
} Group;

typedef enum
{
  DEED_CREATE,
  DEED_JOIN,
  DEED_SEND,
  DEED_REACT,
} DeedKind;

typedef struct Deed Deed;
struct Deed
{
  DeedKind kind;
  guint order; /* in the file, for deeds of one moment */
  gint64 time_ms;
  Group *group;
  Person *person;
  char *text; /* the body, or the emoji */
  Deed *of;   /* REACT: the SEND */
  char *message_id;
};

typedef struct
{
  KlChat *chat;
  guint hues; /* a bit for each that somebody has */
  GPtrArray *people; /* Person */
  GPtrArray *groups; /* Group */
  GPtrArray *deeds;  /* Deed */
  gint64 now_ms;
} Story;

/* The clock of everything that this program does: GLib's own is not asked before the story has begun. */
static gint64 story_time_usec;

gint64
g_get_real_time (void)
{
  struct timespec now;

  if (story_time_usec > 0)
    return story_time_usec;
  clock_gettime (CLOCK_REALTIME, &now);
  return now.tv_sec * G_TIME_SPAN_SECOND + now.tv_nsec / 1000;
}

G_NORETURN static void
fail (const char *what, const char *detail)
{
  g_printerr ("klatch-demo-seed: %s: %s\n", what, detail);
  exit (1);
}

/* ── Reading ── */

static Person *
find_person (Story *story, const char *name)
{
  for (guint i = 0; i < story->people->len; i++)
    {
      Person *person = story->people->pdata[i];

      if (g_strcmp0 (person->name, name) == 0)
        return person;
    }
  fail ("nobody of this name", name);
}

static Deed *
add_deed (Story *story, DeedKind kind, Group *group, Person *person, gint64 time_ms, const char *text)
{
  Deed *deed = g_new0 (Deed, 1);

  deed->kind = kind;
  deed->order = story->deeds->len;
  deed->group = group;
  deed->person = person;
  deed->time_ms = time_ms;
  deed->text = g_strdup (text);
  g_ptr_array_add (story->deeds, deed);
  return deed;
}

static void
read_person (Story *story, const char *line)
{
  g_autoptr (GRegex) regex = g_regex_new ("^person (\\S+) \"([^\"]*)\" ?(.*)$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  Person *person = g_new0 (Person, 1);

  if (!g_regex_match (regex, line, 0, &match))
    fail ("not a person", line);
  person->name = g_match_info_fetch (match, 1);
  person->display_name = g_match_info_fetch (match, 2);
  person->status_text = g_match_info_fetch (match, 3);
  g_ptr_array_add (story->people, person);
}

static Group *
read_group (Story *story, const char *line)
{
  g_autoptr (GRegex) regex
    = g_regex_new ("^group (\\S+) (\\d) (\\S+) \"([^\"]*)\": ([a-z ]+?) / (.*)$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *hue = NULL;
  g_autofree char *members = NULL;
  g_auto (GStrv) names = NULL;
  Group *group = g_new0 (Group, 1);

  if (!g_regex_match (regex, line, 0, &match))
    fail ("not a group", line);
  group->emoji = g_match_info_fetch (match, 1);
  hue = g_match_info_fetch (match, 2);
  group->hue = atoi (hue);
  group->slug = g_match_info_fetch (match, 3);
  if (g_str_equal (group->slug, "-"))
    g_clear_pointer (&group->slug, g_free);
  group->name = g_match_info_fetch (match, 4);
  members = g_match_info_fetch (match, 5);
  group->topic = g_match_info_fetch (match, 6);
  group->members = g_ptr_array_new ();
  names = g_strsplit (members, " ", -1);
  for (guint i = 0; names[i]; i++)
    g_ptr_array_add (group->members, find_person (story, names[i]));
  g_ptr_array_add (story->groups, group);
  return group;
}

/* "-- DAYS HH:MM" → when. */
static gint64
read_time (Story *story, const char *line)
{
  int days, hours, minutes;
  gint64 back_ms;

  if (sscanf (line, "-- %d %d:%d", &days, &hours, &minutes) != 3)
    fail ("not a time", line);
  back_ms = (gint64) (STORY_NOW_MINUTES - hours * 60 - minutes) * MINUTE_MS;
  return story->now_ms - days * (gint64) DAY_MS - back_ms;
}

/* The group is made, and all come in, shortly before the first word. */
static void
found_group (Story *story, Group *group, gint64 first_ms)
{
  gint64 time_ms = first_ms - 3 * 60 * MINUTE_MS;

  add_deed (story, DEED_CREATE, group, group->members->pdata[0], time_ms, NULL);
  for (guint i = 1; i < group->members->len; i++)
    add_deed (story, DEED_JOIN, group, group->members->pdata[i], time_ms += 4 * MINUTE_MS, NULL);
  group->told_until_ms = time_ms;
}

static void
read_story (Story *story, char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Group *group = NULL;
  Deed *last = NULL;

  for (guint i = 0; lines[i] && !g_str_has_prefix (lines[i], "talk "); i++)
    {
      const char *line = lines[i];
      const char *colon = strstr (line, ": ");

      if (line[0] == '\0' || line[0] == '#')
        continue;
      if (g_str_has_prefix (line, "person "))
        read_person (story, line);
      else if (g_str_has_prefix (line, "group "))
        group = read_group (story, line);
      else if (g_str_has_prefix (line, "-- "))
        {
          gint64 time_ms = read_time (story, line);

          if (!group->told_until_ms)
            found_group (story, group, time_ms);
          group->told_until_ms = MAX (group->told_until_ms, time_ms);
        }
      else if (g_str_has_prefix (line, "^ "))
        {
          g_auto (GStrv) words = g_strsplit (line, " ", -1);

          for (guint w = 2; words[w]; w++)
            add_deed (story, DEED_REACT, group, find_person (story, words[w]), last->time_ms + 20000, words[1])->of = last;
        }
      else if (colon)
        {
          g_autofree char *name = g_strndup (line, (gsize) (colon - line));

          last = add_deed (story, DEED_SEND, group, find_person (story, name), group->told_until_ms, colon + 2);
          group->told_until_ms += MINUTE_MS + (gint64) (strlen (colon) % 5) * 25000;
        }
      else
        fail ("what is this?", line);
    }
}

static int
compare_deeds (gconstpointer a, gconstpointer b)
{
  const Deed *one = *(Deed *const *) a;
  const Deed *two = *(Deed *const *) b;

  if (one->time_ms != two->time_ms)
    return one->time_ms < two->time_ms ? -1 : 1;
  return one->order < two->order ? -1 : 1;
}

/* ── Telling ── */

typedef struct
{
  gboolean done;
  KlJson *json;
} Reply;

static void
keep_reply (Reply *reply, gboolean ok, const char *json, gsize length)
{
  if (!ok)
    fail ("the server refused", json ? json : "without a reason");
  reply->json = json ? kl_json_parse (json, length, NULL) : NULL;
  reply->done = TRUE;
}

static void
on_answer (const KlChatAnswer *answer, gpointer user_data)
{
  keep_reply (user_data, answer->code == KL_ERROR_CODE_NONE, answer->json, answer->length);
}

static KlJson *
wait_for (Reply *reply)
{
  while (!reply->done)
    g_main_context_iteration (NULL, TRUE);
  return reply->json;
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  while (!*result)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static KlJson *
call (Story *story, Person *person, const char *event, KlJsonWriter *argument)
{
  gsize length;
  g_autofree char *json = NULL;
  g_autoptr (KlJson) parsed = NULL;
  Reply reply = { 0 };

  kl_json_end_object (argument);
  json = kl_json_writer_steal_string (argument, &length);
  parsed = kl_json_parse (json, length, NULL);
  kl_chat_call (story->chat, person->id, event, kl_json_get_root (parsed), on_answer, &reply);
  return wait_for (&reply);
}

static void
begin (KlJsonWriter *writer)
{
  kl_json_writer_init (writer, 256);
  kl_json_begin_object (writer);
}

static char *
dup_id (KlJson *answer, const char *object)
{
  return g_strdup (yyjson_get_str (yyjson_obj_get (yyjson_obj_get (kl_json_get_root (answer), object), "id")));
}

static void
do_create (Story *story, Deed *deed)
{
  g_autoptr (KlJson) answer = NULL;
  KlJsonWriter writer;

  begin (&writer);
  kl_json_member_string (&writer, "client_id", deed->group->name);
  kl_json_member_string (&writer, "name", deed->group->name);
  kl_json_member_string (&writer, "topic", deed->group->topic);
  kl_json_member_string (&writer, "emoji", deed->group->emoji);
  kl_json_member_int (&writer, "hue", deed->group->hue);
  kl_json_member_string (&writer, "visibility", deed->group->slug ? "public" : "private");
  kl_json_member_string_or_nothing (&writer, "slug", deed->group->slug);
  answer = call (story, deed->person, "group:create", &writer);
  deed->group->id = dup_id (answer, "group");
}

/* By an invite link where the group is private. */
static void
do_join (Story *story, Deed *deed)
{
  g_autoptr (KlJson) invited = NULL;
  g_autoptr (KlJson) answer = NULL;
  KlJsonWriter writer;
  yyjson_val *invite;

  begin (&writer);
  kl_json_member_string (&writer, "group", deed->group->id);
  kl_json_member_bool (&writer, "link", TRUE);
  invited = call (story, deed->group->members->pdata[0], "group:invite", &writer);
  invite = yyjson_obj_get (kl_json_get_root (invited), "invite");
  begin (&writer);
  kl_json_member_string (&writer, "invite", yyjson_get_str (yyjson_obj_get (invite, "code")));
  answer = call (story, deed->person, "group:join", &writer);
}

static void
do_send (Story *story, Deed *deed)
{
  g_autoptr (KlJson) answer = NULL;
  g_autofree char *client_id = g_strdup_printf ("story-%u", deed->order);
  KlJsonWriter writer;

  begin (&writer);
  kl_json_member_string (&writer, "group", deed->group->id);
  kl_json_member_string (&writer, "client_id", client_id);
  kl_json_member_string (&writer, "body", deed->text);
  answer = call (story, deed->person, "message:send", &writer);
  deed->message_id = dup_id (answer, "message");
  /* Whoever writes has read what stands above; of the others, all but Ilse read everything. */
  for (guint i = 0; i < deed->group->members->len; i++)
    {
      Person *reader = deed->group->members->pdata[i];
      g_autoptr (KlJson) read = NULL;

      if (reader != deed->person && g_str_equal (reader->name, "ilse"))
        continue;
      begin (&writer);
      kl_json_member_string (&writer, "group", deed->group->id);
      kl_json_member_int (&writer, "seq", G_MAXINT32);
      read = call (story, reader, "read", &writer);
    }
}

static void
do_react (Story *story, Deed *deed)
{
  g_autoptr (KlJson) answer = NULL;
  KlJsonWriter writer;

  begin (&writer);
  kl_json_member_string (&writer, "group", deed->group->id);
  kl_json_member_string (&writer, "id", deed->of->message_id);
  kl_json_member_string (&writer, "emoji", deed->text);
  kl_json_member_bool (&writer, "on", TRUE);
  answer = call (story, deed->person, "message:react", &writer);
}

/* As clients have it: which of 8 colours a person gets. */
static guint
hue_of (const char *id)
{
  guint32 hash = 2166136261u;

  for (const char *p = id; *p != '\0'; p++)
    hash = (guint32) (((guint64) (hash ^ (guchar) *p) * 16777619u) & G_MAXUINT32);
  return hash % N_HUES;
}

/* Stored without the rules for accounts, which choose an id themselves: here each person gets a colour of his own. */
static void
store_person (Story *story, Person *person, const char *hash)
{
  KlStore *store = kl_chat_get_store (story->chat);
  g_autoptr (KlStoreUser) user = kl_store_user_new ();
  g_autoptr (KlStoreInvite) invite = NULL;
  g_autoptr (GAsyncResult) stored = NULL;
  g_autoptr (GAsyncResult) updated = NULL;
  g_autoptr (GError) error = NULL;

  do
    {
      g_free (person->id);
      person->id = kl_id_new_random ();
    }
  while (story->hues & 1u << hue_of (person->id));
  story->hues |= 1u << hue_of (person->id);
  if (story->hues == (1u << N_HUES) - 1)
    story->hues = 0;
  user->id = g_strdup (person->id);
  user->name = g_strdup (person->name);
  user->display_name = g_strdup (person->display_name);
  user->status_text = g_strdup (person->status_text);
  user->read_receipts = TRUE;
  user->created_at = user->updated_at = g_get_real_time () / 1000;
  kl_store_create_user_async (store, user, hash, KL_STORE_CREATE_ANY, NULL, on_done, &stored);
  invite = kl_store_create_user_finish (store, wait_for_result (&stored), &error);
  if (invite == NULL)
    fail (person->name, error->message);
  if (person->status_text[0] == '\0')
    return;
  kl_store_update_user_async (store, user, KL_USER_STATUS_TEXT, on_done, &updated);
  wait_for_result (&updated);
}

static void
tell (Story *story)
{
  static void (*const doers[]) (Story *, Deed *) = {
    [DEED_CREATE] = do_create,
    [DEED_JOIN] = do_join,
    [DEED_SEND] = do_send,
    [DEED_REACT] = do_react,
  };
  char hash[crypto_pwhash_STRBYTES];

  g_ptr_array_sort (story->deeds, compare_deeds);
  story_time_usec = (((Deed *) story->deeds->pdata[0])->time_ms - DAY_MS) * 1000;
  if (crypto_pwhash_str (hash, PASSWORD, strlen (PASSWORD), 2, 19 * 1024 * 1024) != 0)
    fail ("the password", "there is not enough memory for its hash");
  for (guint i = 0; i < story->people->len; i++)
    store_person (story, story->people->pdata[i], hash);
  for (guint i = 0; i < story->deeds->len; i++)
    {
      Deed *deed = story->deeds->pdata[i];

      story_time_usec = deed->time_ms * 1000;
      doers[deed->kind](story, deed);
    }
}

int
main (int argc, char **argv)
{
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  KlChatSettings settings;
  Story story = { .people = g_ptr_array_new (), .groups = g_ptr_array_new (), .deeds = g_ptr_array_new () };

  umask (077);
  if (argc != 3 || sodium_init () < 0)
    fail ("usage", "klatch-demo-seed STORY FOLDER");
  if (!g_file_get_contents (argv[1], &text, NULL, &error))
    fail ("the story", error->message);
  story.now_ms = g_get_real_time () / 1000;
  read_story (&story, text);

  path = g_build_filename (argv[2], "klatch.db", NULL);
  g_autoptr (KlSqliteStore) store = kl_sqlite_store_open (path, DOMAIN, &error);
  if (!store)
    fail ("the database", error->message);
  g_autoptr (KlLocalBus) bus = kl_local_bus_new ();
  kl_chat_settings_init (&settings, DOMAIN);
  settings.messages_per_second = settings.reads_per_second = 0;
  story.chat = kl_chat_new (KL_STORE (store), KL_BUS (bus), &settings);

  tell (&story);
  g_print ("%s\n", ((Group *) story.groups->pdata[0])->id);

  kl_store_close_async (KL_STORE (store), on_done, &closed);
  wait_for_result (&closed);
  return 0;
}
