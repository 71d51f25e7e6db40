#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>

// Every function of libcurl that is called: its result, its name without curl_, its parameters.
#define CCURL_FUNCTIONS(FUNCTION)                                                                                     \
  FUNCTION(CURLcode, global_init, (long))                                                                             \
  FUNCTION(CURL *, easy_init, (void))                                                                                 \
  FUNCTION(void, easy_cleanup, (CURL *))                                                                              \
  FUNCTION(CURLcode, easy_recv, (CURL *, void *, size_t, size_t *))                                                   \
  FUNCTION(CURLcode, easy_send, (CURL *, const void *, size_t, size_t *))                                             \
  FUNCTION(const char *, easy_strerror, (CURLcode))                                                                   \
  FUNCTION(CURLcode, easy_setopt, (CURL *, CURLoption, ...))                                                          \
  FUNCTION(CURLcode, easy_getinfo, (CURL *, CURLINFO, ...))                                                           \
  FUNCTION(struct curl_slist *, slist_append, (struct curl_slist *, const char *))                                    \
  FUNCTION(void, slist_free_all, (struct curl_slist *))                                                               \
  FUNCTION(time_t, getdate, (const char *, const time_t *))                                                           \
  FUNCTION(CURLM *, multi_init, (void))                                                                               \
  FUNCTION(CURLMcode, multi_cleanup, (CURLM *))                                                                       \
  FUNCTION(CURLMcode, multi_add_handle, (CURLM *, CURL *))                                                            \
  FUNCTION(CURLMcode, multi_remove_handle, (CURLM *, CURL *))                                                         \
  FUNCTION(CURLMcode, multi_perform, (CURLM *, int *))                                                                \
  FUNCTION(CURLMcode, multi_poll, (CURLM *, struct curl_waitfd *, unsigned int, int, int *))                          \
  FUNCTION(CURLMcode, multi_wakeup, (CURLM *))                                                                        \
  FUNCTION(CURLMsg *, multi_info_read, (CURLM *, int *))                                                              \
  FUNCTION(CURLMcode, multi_setopt, (CURLM *, CURLMoption, ...))                                                      \
  FUNCTION(const char *, multi_strerror, (CURLMcode))

#define CCURL_DECLARE(result, name, parameters) static result(*call_##name) parameters;
CCURL_FUNCTIONS(CCURL_DECLARE)

static const char *obstacle;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void) {
  // The name has been the same since libcurl 7.16; in Debian the package is libcurl4.
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    obstacle = dlerror();
    return;
  }
#define CCURL_FIND(result, name, parameters)                                                                          \
  if (!(call_##name = (result(*) parameters)dlsym(library, "curl_" #name))) {                                         \
    obstacle = dlerror();                                                                                             \
    return;                                                                                                           \
  }
  CCURL_FUNCTIONS(CCURL_FIND)
  CURLcode code = call_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) obstacle = call_easy_strerror(code);
}

const char *ccurl_load(void) {
  pthread_once(&loaded, load);
  return obstacle;
}

CURL *ccurl_easy_init(void) { return call_easy_init(); }

void ccurl_easy_cleanup(CURL *handle) { call_easy_cleanup(handle); }

CURLcode ccurl_easy_recv(CURL *handle, void *buffer, size_t length, size_t *count) {
  return call_easy_recv(handle, buffer, length, count);
}

CURLcode ccurl_easy_send(CURL *handle, const void *buffer, size_t length, size_t *count) {
  return call_easy_send(handle, buffer, length, count);
}

const char *ccurl_easy_strerror(CURLcode code) { return call_easy_strerror(code); }

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) { return call_easy_setopt(handle, option, value); }

CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
  return call_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return call_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return call_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
  struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
  return call_easy_setopt(handle, option, &blob);
}

CURLcode ccurl_set_write(CURL *handle, CURLoption option, ccurl_write_callback callback) {
  return call_easy_setopt(handle, option, callback);
}

CURLcode ccurl_set_socket_callback(CURL *handle, CURLoption option, ccurl_socket_callback callback) {
  return call_easy_setopt(handle, option, callback);
}

CURLcode ccurl_set_tls_callback(CURL *handle, CURLoption option, ccurl_tls_callback callback) {
  return call_easy_setopt(handle, option, callback);
}

CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) { return call_easy_getinfo(handle, info, value); }

CURLcode ccurl_get_pointer(CURL *handle, CURLINFO info, void **value) { return call_easy_getinfo(handle, info, value); }

CURLcode ccurl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
  return call_easy_getinfo(handle, info, value);
}

CURLcode ccurl_get_socket(CURL *handle, CURLINFO info, curl_socket_t *value) {
  return call_easy_getinfo(handle, info, value);
}

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *value) {
  return call_slist_append(list, value);
}

void ccurl_slist_free_all(struct curl_slist *list) { call_slist_free_all(list); }

time_t ccurl_getdate(const char *text) { return ccurl_load() ? -1 : call_getdate(text, NULL); }

CURLM *ccurl_multi_init(void) { return call_multi_init(); }

CURLMcode ccurl_multi_cleanup(CURLM *multi) { return call_multi_cleanup(multi); }

CURLMcode ccurl_multi_add_handle(CURLM *multi, CURL *handle) { return call_multi_add_handle(multi, handle); }

CURLMcode ccurl_multi_remove_handle(CURLM *multi, CURL *handle) { return call_multi_remove_handle(multi, handle); }

CURLMcode ccurl_multi_perform(CURLM *multi, int *running) { return call_multi_perform(multi, running); }

CURLMcode ccurl_multi_poll(CURLM *multi, struct curl_waitfd *files, unsigned int count, int milliseconds, int *ready) {
  return call_multi_poll(multi, files, count, milliseconds, ready);
}

CURLMcode ccurl_multi_wakeup(CURLM *multi) { return call_multi_wakeup(multi); }

CURLMsg *ccurl_multi_info_read(CURLM *multi, int *left) { return call_multi_info_read(multi, left); }

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return call_multi_setopt(multi, option, value);
}

const char *ccurl_multi_strerror(CURLMcode code) { return call_multi_strerror(code); }
