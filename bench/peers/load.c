// The client of the benchmarks over plain sockets: any number of connections on one thread, which
// costs a server's core as little as it can.
//
//   load requests PORT CONNECTIONS FILE   the file has one request after the other, each behind its
//                                         length in decimals and a newline
//   load watches PORT CONNECTIONS FILE LOG
//                                         every connection sends the first request of the file, and
//                                         what comes is compared with the log, byte by byte
//   load records PORT CONNECTIONS FILE OUT
//                                         each connection sends a request of the file in turn, and
//                                         of each event that comes a struct Record is kept
//
// It says `ready`, then does what it is told on standard input until that ends:
//
//   run MS      requests on every connection, one behind the other's answer, for that long
//               -> ran REQUESTS BYTES MICROSECONDS
//   reach N     -> reached N, when every watch has had that many events; of records: when there are
//               that many since it was asked for them last
//   latencies   of all events since it was asked last, from the log's time to the last byte
//               -> latencies COUNT P50 P99 MAX, in microseconds
//   records     writes those that there are to OUT and forgets them
//               -> records COUNT
//
// The log is a file that the server's process writes to before it publishes: at EVENTS_AT one
// struct Event for each, at BYTES_AT the bytes of all of them, one behind the other. Anything
// unexpected ends the program with a message and exit code 1.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "http_response.h"

#define EVENTS_AT 0
#define EVENTS_MAX (1u << 18)
#define BYTES_AT (EVENTS_MAX * sizeof(struct Event))
#define LOG_BYTES (1ull << 30)

#define READ_BYTES (256 * 1024)
#define POLLED_MAX 512
#define COMMAND_BYTES_MAX 256
// Longer than any answer takes; a server that says nothing for so long has lost something.
#define SILENCE_MS 30000
// Fewer than a listener's queue: a connection that finds it full waits a second.
#define OPENING_MAX 256

struct Event {
  // Where its bytes end, from BYTES_AT.
  uint64_t end;
  // By the monotonic clock, in nanoseconds.
  uint64_t published_ns;
};

// Of an event: when its last byte was here, by the monotonic clock, and what it was.
struct Record {
  uint64_t arrived_ns;
  uint64_t revision;
  uint32_t connection;
  // FNV-1a of its line, without the newline.
  uint32_t hash;
};

struct Request {
  const char* bytes;
  size_t length;
};

struct Connection {
  int fd;
  struct Response response;
  // Of a watch: how much of the log it has had.
  uint64_t position;
  uint32_t events;
  // The beginning of a line whose end has not come.
  char* line;
  size_t line_length;
};

static struct Connection* connections;
static size_t connection_count;
static struct Request* requests;
static size_t request_count;
static size_t next_request;
static bool is_watching;
static bool is_recording;
static const char* log_memory;
static int poller;

static uint64_t deadline_ns;
static size_t busy_count;
static uint64_t answers;
static uint64_t body_bytes;

static uint32_t target;
static size_t behind_count;
static uint32_t* latencies;
static size_t latency_count;
static size_t latency_room;

static const char* records_path;
static struct Record* records;
static size_t record_count;
static size_t record_room;
static size_t records_wanted;
static uint64_t arrived_ns;

static void fail(const char* format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static void say(const char* format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char* format, ...) {
  char text[COMMAND_BYTES_MAX];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (write(STDOUT_FILENO, text, (size_t)length) != length) exit(1);
}

static void read_requests(const char* path) {
  int fd = open(path, O_RDONLY);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) fail("%s: %s", path, strerror(errno));
  char* text = malloc((size_t)status.st_size + 1);
  if (text == NULL || read(fd, text, (size_t)status.st_size) != status.st_size) {
    fail("%s can't be read", path);
  }
  close(fd);
  text[status.st_size] = '\0';
  for (char* at = text; at < text + status.st_size;) {
    char* end;
    size_t length = strtoul(at, &end, 10);
    if (end == at || *end != '\n') fail("%s: a length was to come", path);
    requests = realloc(requests, (request_count + 1) * sizeof(*requests));
    requests[request_count++] = (struct Request){end + 1, length};
    at = end + 1 + length;
  }
  if (request_count == 0) fail("%s has no request", path);
}

static void map_log(const char* path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) fail("%s: %s", path, strerror(errno));
  void* memory = mmap(NULL, LOG_BYTES, PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) fail("%s: %s", path, strerror(errno));
  close(fd);
  log_memory = memory;
}

static void send_request(struct Connection* connection, const struct Request* request) {
  size_t sent = 0;
  while (sent < request->length) {
    ssize_t count = send(connection->fd, request->bytes + sent, request->length - sent, 0);
    // A request is small, and the server has read the one before it.
    if (count < 0) fail("a request can't be sent: %s", strerror(errno));
    sent += (size_t)count;
  }
  response_begin(&connection->response);
}

static void note_latency(uint64_t published_ns) {
  if (latency_count == latency_room) {
    latency_room = latency_room == 0 ? 65536 : 2 * latency_room;
    latencies = realloc(latencies, latency_room * sizeof(*latencies));
  }
  latencies[latency_count++] = (uint32_t)((now_ns() - published_ns) / 1000);
}

static bool take_events(void* taker, const char* bytes, size_t length) {
  struct Connection* connection = taker;
  uint64_t end = connection->position + length;
  if (BYTES_AT + end > LOG_BYTES) fail("the log is full");
  if (memcmp(log_memory + BYTES_AT + connection->position, bytes, length) != 0) return false;
  connection->position = end;
  const struct Event* events = (const struct Event*)(log_memory + EVENTS_AT);
  while (connection->events < EVENTS_MAX) {
    // The server's process writes there; what is 0 is not published yet.
    const volatile struct Event* event = &events[connection->events];
    if (event->end == 0 || event->end > end) break;
    note_latency(event->published_ns);
    connection->events++;
    if (connection->events == target) behind_count--;
  }
  return true;
}

static void take_line(const struct Connection* connection, const char* line, size_t length) {
  static const char name[] = "\"resourceVersion\":\"";
  const char* found = memmem(line, length, name, sizeof(name) - 1);
  if (found == NULL) fail("an event without a resourceVersion");
  if (record_count == record_room) {
    record_room = record_room == 0 ? 65536 : 2 * record_room;
    records = realloc(records, record_room * sizeof(*records));
  }
  uint32_t hash = 2166136261u;
  for (size_t index = 0; index < length; index++) {
    hash = (hash ^ (uint8_t)line[index]) * 16777619u;
  }
  records[record_count++] = (struct Record){
      .arrived_ns = arrived_ns,
      .revision = strtoull(found + sizeof(name) - 1, NULL, 10),
      .connection = (uint32_t)(connection - connections),
      .hash = hash,
  };
}

static bool take_lines(void* taker, const char* bytes, size_t length) {
  struct Connection* connection = taker;
  while (length > 0) {
    const char* end = memchr(bytes, '\n', length);
    size_t part = end == NULL ? length : (size_t)(end - bytes);
    if (end != NULL && connection->line_length == 0) {
      take_line(connection, bytes, part);
    } else {
      size_t whole = connection->line_length + part;
      connection->line = realloc(connection->line, whole + 1);
      memcpy(connection->line + connection->line_length, bytes, part);
      connection->line_length = whole;
      if (end != NULL) {
        take_line(connection, connection->line, whole);
        connection->line_length = 0;
      }
    }
    size_t taken = end == NULL ? part : part + 1;
    bytes += taken;
    length -= taken;
  }
  return true;
}

static void write_records(void) {
  FILE* file = fopen(records_path, "wb");
  if (file == NULL) fail("%s: %s", records_path, strerror(errno));
  if (fwrite(records, sizeof(*records), record_count, file) != record_count || fclose(file) != 0) {
    fail("%s can't be written", records_path);
  }
  say("records %zu\n", record_count);
  record_count = 0;
}

static bool count_bytes(void* taker, const char* bytes, size_t length) {
  (void)taker;
  (void)bytes;
  body_bytes += length;
  return true;
}

static void next_or_rest(struct Connection* connection) {
  if (connection->response.status != 200) fail("status %d", connection->response.status);
  answers++;
  if (now_ns() >= deadline_ns) {
    busy_count--;
    return;
  }
  send_request(connection, &requests[next_request++ % request_count]);
}

static void read_connection(struct Connection* connection) {
  static char buffer[READ_BYTES];
  ssize_t length = recv(connection->fd, buffer, sizeof(buffer), 0);
  arrived_ns = now_ns();
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length < 0) fail("a connection broke: %s", strerror(errno));
  if (length == 0) fail("the server ended a connection");
  struct Response* response = &connection->response;
  TakeBody take = is_recording ? take_lines : is_watching ? take_events : count_bytes;
  long read = response_read(response, buffer, (size_t)length, take, connection);
  if (read < 0) {
    fail("connection %zu, byte %llu of its body: not what was to come",
         (size_t)(connection - connections), (unsigned long long)connection->position);
  }
  if (read < length) fail("more than was asked for");
  if (response->stage != STAGE_DONE) return;
  if (is_watching) fail("a watch has ended");
  next_or_rest(connection);
}

static void run_command(char* line) {
  unsigned long number = 0;
  if (sscanf(line, "run %lu", &number) == 1) {
    answers = body_bytes = 0;
    uint64_t started_ns = now_ns();
    deadline_ns = started_ns + number * 1000000ull;
    busy_count = connection_count;
    for (size_t index = 0; index < connection_count; index++) {
      send_request(&connections[index], &requests[next_request++ % request_count]);
    }
  } else if (sscanf(line, "reach %lu", &number) == 1 && is_recording) {
    records_wanted = number;
  } else if (sscanf(line, "reach %lu", &number) == 1) {
    target = (uint32_t)number;
    behind_count = 0;
    for (size_t index = 0; index < connection_count; index++) {
      if (connections[index].events < target) behind_count++;
    }
  } else if (strcmp(line, "latencies") == 0 || strcmp(line, "records") == 0) {
    deadline_ns = 0;
  } else {
    fail("no such command: %s", line);
  }
}

static int compare_numbers(const void* one, const void* other) {
  uint32_t left = *(const uint32_t*)one;
  uint32_t right = *(const uint32_t*)other;
  return (left > right) - (left < right);
}

static void say_latencies(void) {
  qsort(latencies, latency_count, sizeof(*latencies), compare_numbers);
  size_t last = latency_count == 0 ? 0 : latency_count - 1;
  uint32_t none = 0;
  const uint32_t* all = latency_count == 0 ? &none : latencies;
  say("latencies %zu %u %u %u\n", latency_count, all[last / 2],
      all[(size_t)((double)last * 0.99)], all[last]);
  latency_count = 0;
}

static void read_epoll(int timeout_ms) {
  struct epoll_event polled[POLLED_MAX];
  int count = epoll_wait(poller, polled, POLLED_MAX, timeout_ms);
  if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
  if (count == 0) fail("the server has said nothing for %d ms", timeout_ms);
  for (int index = 0; index < count; index++) {
    struct Connection* connection = polled[index].data.ptr;
    if (connection != NULL) read_connection(connection);
  }
}

// Blocks: nothing is under way between two commands.
static bool read_command(char* line) {
  size_t length = 0;
  while (length + 1 < COMMAND_BYTES_MAX) {
    ssize_t count = read(STDIN_FILENO, line + length, 1);
    if (count <= 0) return false;
    if (line[length] == '\n') break;
    length++;
  }
  line[length] = '\0';
  return true;
}

static void open_connections(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  size_t answered = 0;
  for (size_t index = 0; index < connection_count; index++) {
    struct Connection* connection = &connections[index];
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0) fail("socket: %s", strerror(errno));
    if (connect(connection->fd, (struct sockaddr*)&address, sizeof(address)) != 0) {
      fail("connect: %s", strerror(errno));
    }
    int yes = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    response_begin(&connection->response);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail("epoll");
    if (!is_watching) continue;
    send_request(connection, &requests[is_recording ? index % request_count : 0]);
    // The heads of those before: the server has accepted them.
    bool isLast = index + 1 == connection_count;
    while (index + 1 - answered > (isLast ? 0 : OPENING_MAX)) {
      if (connections[answered].response.stage > STAGE_FIELDS) {
        if (connections[answered].response.status != 200) fail("a watch was refused");
        answered++;
      } else {
        read_epoll(SILENCE_MS);
      }
    }
  }
}

int main(int count, char** arguments) {
  if (count < 5) fail("load requests|watches|records PORT CONNECTIONS FILE [LOG|OUT]");
  is_recording = strcmp(arguments[1], "records") == 0;
  is_watching = is_recording || strcmp(arguments[1], "watches") == 0;
  connection_count = strtoul(arguments[3], NULL, 10);
  connections = calloc(connection_count, sizeof(*connections));
  read_requests(arguments[4]);
  records_path = count > 5 ? arguments[5] : "";
  if (is_watching && !is_recording) map_log(records_path);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(0);
  open_connections((uint16_t)strtoul(arguments[2], NULL, 10));
  say("ready\n");
  char line[COMMAND_BYTES_MAX];
  while (read_command(line)) {
    uint64_t started_ns = now_ns();
    run_command(line);
    while (busy_count > 0 || behind_count > 0 || record_count < records_wanted) {
      read_epoll(SILENCE_MS);
    }
    unsigned long long us = (now_ns() - started_ns) / 1000;
    if (line[0] == 'l') {
      say_latencies();
    } else if (strcmp(line, "records") == 0) {
      write_records();
    } else if (is_recording) {
      say("reached %zu\n", records_wanted);
      records_wanted = 0;
    } else if (is_watching) {
      say("reached %u\n", target);
    } else {
      say("ran %llu %llu %llu\n", (unsigned long long)answers, (unsigned long long)body_bytes, us);
    }
  }
  // Whoever has asked for them may have been ended: nobody else removes them.
  if (is_recording) {
    unlink(records_path);
    rmdir(dirname(strdup(records_path)));
  }
  return 0;
}
