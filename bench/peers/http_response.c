#include "http_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char kLength[] = "content-length:";
static const char kEncoding[] = "transfer-encoding:";

// Adds to the line what comes before its end; tells how much was read. `is_whole` says whether the
// end was among it. 0 for a line that is too long.
static size_t read_line(struct Response* response, const char* bytes, size_t length,
                        bool* is_whole) {
  const char* end = memchr(bytes, '\n', length);
  size_t read = end == NULL ? length : (size_t)(end - bytes) + 1;
  if (response->line_length + read >= LINE_BYTES_MAX) return 0;
  memcpy(response->line + response->line_length, bytes, read);
  response->line_length += read;
  *is_whole = end != NULL;
  return read;
}

// Without its end; the next line begins afresh.
static const char* take_line(struct Response* response) {
  size_t length = response->line_length;
  while (length > 0 && (response->line[length - 1] == '\n' || response->line[length - 1] == '\r')) {
    length--;
  }
  response->line[length] = '\0';
  response->line_length = 0;
  return response->line;
}

static bool end_of_head(struct Response* response) {
  if (response->is_chunked) {
    response->stage = STAGE_CHUNK_SIZE;
  } else {
    response->stage = response->bytes_left == 0 ? STAGE_DONE : STAGE_BODY;
  }
  return true;
}

static bool use_field(struct Response* response, const char* line) {
  if (*line == '\0') return end_of_head(response);
  if (strncasecmp(line, kLength, sizeof(kLength) - 1) == 0) {
    response->bytes_left = strtoull(line + sizeof(kLength) - 1, NULL, 10);
  } else if (strncasecmp(line, kEncoding, sizeof(kEncoding) - 1) == 0) {
    response->is_chunked = strstr(line, "chunked") != NULL;
  }
  return true;
}

static bool use_chunk_size(struct Response* response, const char* line) {
  char* end;
  response->bytes_left = strtoull(line, &end, 16);
  if (end == line || *end != '\0') return false;
  response->stage = response->bytes_left == 0 ? STAGE_TRAILERS : STAGE_CHUNK_DATA;
  return true;
}

static bool use_line(struct Response* response, const char* line) {
  switch (response->stage) {
    case STAGE_STATUS:
      if (strncmp(line, "HTTP/1.1 ", 9) != 0) return false;
      response->status = atoi(line + 9);
      response->stage = STAGE_FIELDS;
      return true;
    case STAGE_FIELDS:
      return use_field(response, line);
    case STAGE_CHUNK_SIZE:
      return use_chunk_size(response, line);
    case STAGE_CHUNK_END:
      response->stage = STAGE_CHUNK_SIZE;
      return *line == '\0';
    case STAGE_TRAILERS:
      if (*line == '\0') response->stage = STAGE_DONE;
      return true;
    default:
      return false;
  }
}

void response_begin(struct Response* response) {
  response->stage = STAGE_STATUS;
  response->status = 0;
  response->is_chunked = false;
  response->bytes_left = 0;
  response->line_length = 0;
}

long response_read(struct Response* response, const char* bytes, size_t length, TakeBody take,
                   void* taker) {
  size_t at = 0;
  while (at < length && response->stage != STAGE_DONE) {
    if (response->stage == STAGE_BODY || response->stage == STAGE_CHUNK_DATA) {
      size_t rest = length - at;
      size_t piece = rest < response->bytes_left ? rest : (size_t)response->bytes_left;
      if (!take(taker, bytes + at, piece)) return -1;
      at += piece;
      response->bytes_left -= piece;
      if (response->bytes_left > 0) break;
      response->stage = response->stage == STAGE_BODY ? STAGE_DONE : STAGE_CHUNK_END;
      continue;
    }
    bool is_whole = false;
    size_t read = read_line(response, bytes + at, length - at, &is_whole);
    if (read == 0) return -1;
    at += read;
    if (is_whole && !use_line(response, take_line(response))) return -1;
  }
  return (long)at;
}
