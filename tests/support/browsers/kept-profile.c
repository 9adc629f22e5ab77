// MiniBrowser puts its pages into an ephemeral session while it is driven. Loaded before WebKitGTK (LD_PRELOAD), this gives them a folder,
// which outlives the browser: in WebKitGTK 4.1, and in 6.0, whose function has another name.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

static const char *folder(void) { return getenv("KMSEAL_KEPT_PROFILE"); }

void *webkit_website_data_manager_new_ephemeral(void) {
  void *(*make)(const char *, ...) = dlsym(RTLD_DEFAULT, "webkit_website_data_manager_new");
  return make("base-data-directory", folder(), "base-cache-directory", folder(), NULL);
}

void *webkit_network_session_new_ephemeral(void) {
  void *(*make)(const char *, const char *) = dlsym(RTLD_DEFAULT, "webkit_network_session_new");
  return make(folder(), folder());
}
