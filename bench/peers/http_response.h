// Reads an HTTP/1.1 response as it comes, in pieces cut anywhere: its head, then a body of a known
// length or in chunks, whose bytes are handed on without what frames them.

#ifndef BENCH_PEERS_HTTP_RESPONSE_H_
#define BENCH_PEERS_HTTP_RESPONSE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The longest line of a head, or before a chunk.
#define LINE_BYTES_MAX 1024

enum ResponseStage {
  STAGE_STATUS,
  STAGE_FIELDS,
  STAGE_BODY,
  STAGE_CHUNK_SIZE,
  STAGE_CHUNK_DATA,
  STAGE_CHUNK_END,
  STAGE_TRAILERS,
  STAGE_DONE,
};

struct Response {
  enum ResponseStage stage;
  int status;
  bool is_chunked;
  // Of the body, or of the chunk.
  uint64_t bytes_left;
  size_t line_length;
  char line[LINE_BYTES_MAX];
};

// Takes a piece of the body; false where it is not what was to come.
typedef bool (*TakeBody)(void* taker, const char* bytes, size_t length);

void response_begin(struct Response* response);

// Reads what of the bytes belongs to the response and tells how many that are; -1 for what is no
// HTTP/1.1, or was not taken.
long response_read(struct Response* response, const char* bytes, size_t length, TakeBody take,
                   void* taker);

#endif  // BENCH_PEERS_HTTP_RESPONSE_H_
