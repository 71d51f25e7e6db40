#pragma once
#include <curl/curl.h>

// The part of libcurl that is used, under names of its own: the library is loaded when it is first needed, because it
// brings 30 others along, which the store has no use for. Functions that are variadic in libcurl, which Swift cannot
// call, have one typed wrapper for each kind of value.

/// Loads libcurl and initialises it; the first call decides, from any thread.
/// Returns NULL, or why there is no libcurl. Nothing else here but ccurl_getdate may be called before it returned NULL.
const char *ccurl_load(void);

CURL *ccurl_easy_init(void);
void ccurl_easy_cleanup(CURL *handle);
CURLcode ccurl_easy_recv(CURL *handle, void *buffer, size_t length, size_t *count);
CURLcode ccurl_easy_send(CURL *handle, const void *buffer, size_t length, size_t *count);
const char *ccurl_easy_strerror(CURLcode code);

typedef size_t (*ccurl_write_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*ccurl_socket_callback)(void *context, curl_socket_t socket, curlsocktype purpose);

typedef CURLcode (*ccurl_tls_callback)(CURL *handle, void *tls, void *context);

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value);
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
CURLcode ccurl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count);
CURLcode ccurl_set_write(CURL *handle, CURLoption option, ccurl_write_callback callback);
CURLcode ccurl_set_socket_callback(CURL *handle, CURLoption option, ccurl_socket_callback callback);
CURLcode ccurl_set_tls_callback(CURL *handle, CURLoption option, ccurl_tls_callback callback);
CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value);
CURLcode ccurl_get_pointer(CURL *handle, CURLINFO info, void **value);
CURLcode ccurl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value);
CURLcode ccurl_get_socket(CURL *handle, CURLINFO info, curl_socket_t *value);

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *value);
void ccurl_slist_free_all(struct curl_slist *list);
/// Seconds since 1970 of a date in an HTTP header, -1 when it is none or there is no libcurl.
time_t ccurl_getdate(const char *text);

CURLM *ccurl_multi_init(void);
CURLMcode ccurl_multi_cleanup(CURLM *multi);
CURLMcode ccurl_multi_add_handle(CURLM *multi, CURL *handle);
CURLMcode ccurl_multi_remove_handle(CURLM *multi, CURL *handle);
CURLMcode ccurl_multi_perform(CURLM *multi, int *running);
CURLMcode ccurl_multi_poll(CURLM *multi, struct curl_waitfd *files, unsigned int count, int milliseconds, int *ready);
CURLMcode ccurl_multi_wakeup(CURLM *multi);
CURLMsg *ccurl_multi_info_read(CURLM *multi, int *left);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
const char *ccurl_multi_strerror(CURLMcode code);

static inline CURL *ccurl_message_handle(const CURLMsg *message) { return message->easy_handle; }

static inline CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }
