// Which frames one environment has been given of one cache, so that an event is encoded once for
// all its watches there. (A frame is an event as a line of a JSON watch stream; the bytes are the
// environment's, here they are known by number.)
//
//  1. A frame is what one record says of one event type in one apiVersion: the one that replaces
//     the stored one, or none. Numbers rise from 1.
//  2. Frames with kFrameBytesMax together are kept at most; the oldest ones go first, and all
//     below `first_kept` are gone. One that is gone is made again on demand, with the same bytes
//     and a new number.
//  3. A frame is not found any more once its record has left the log, and goes with those made
//     before it.
// Thread rule: belongs to one environment.

#ifndef NATIVE_CORE_WATCH_FRAMES_H_
#define NATIVE_CORE_WATCH_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/scope.h"
#include "native/core/object/version.h"

namespace shardwatch {

// 16 MiB, some seconds of busy traffic.
inline constexpr size_t kFrameBytesMax = size_t{16} * 1024 * 1024;

struct FrameKey {
  uint64_t sequence = 0;
  WatchEventType type = WatchEventType::kAdded;
  // What replaces the stored apiVersion; no data: nothing does.
  std::string_view api_version = {};
};

class FrameIndex {
 public:
  explicit FrameIndex(size_t bytes_max = kFrameBytesMax) : bytes_max_(bytes_max) {}
  FrameIndex(const FrameIndex&) = delete;
  FrameIndex& operator=(const FrameIndex&) = delete;

  // The number of a frame that is kept; 0 for none.
  uint64_t Find(const FrameKey& key) const;

  // The number of a frame that was made; 0 where it is not kept, being too large.
  // May raise first_kept.
  uint64_t Add(const FrameKey& key, size_t bytes);

  // Gives up frames of records below that sequence; see rule 3.
  void Forget(uint64_t log_first);

  // Frames below this number are gone. Those of a drain are resolved before they are dropped.
  uint64_t first_kept() const { return first_; }

  // Of the frames that are kept.
  size_t bytes() const { return bytes_; }

 private:
  struct Frame {
    uint64_t sequence = 0;
    uint32_t bytes = 0;
    // Type, and the number of the apiVersion.
    uint32_t kind = 0;
  };

  // Numbers of distinct apiVersions; types of one cache have a few.
  static constexpr size_t kApiVersionsMax = 64;

  uint32_t KindOf(const FrameKey& key) const;
  void Remember(std::string_view api_version);
  Frame& At(uint64_t number) { return frames_[number & (frames_.size() - 1)]; }
  const Frame& At(uint64_t number) const { return frames_[number & (frames_.size() - 1)]; }
  size_t HomeOf(const Frame& frame) const;
  void Grow();
  void Place(uint64_t number);
  void DropOldest();

  const size_t bytes_max_;
  // Frames first_ to next_ - 1, by number; a power of two.
  std::vector<Frame> frames_;
  // Open addressing over numbers, twice as many slots as there is room for frames; 0 is free.
  std::vector<uint64_t> slots_;
  uint64_t first_ = 1;
  uint64_t next_ = 1;
  size_t bytes_ = 0;
  uint64_t log_first_ = 0;
  std::vector<std::string> api_versions_;
};

// How long the frame of this object is.
size_t FrameLength(WatchEventType type, const Version& version, const Rendering& rendering);

// Writes `{"type":"ADDED","object":...}` and a newline; tells where it ends.
char* WriteFrame(WatchEventType type, const Version& version, const Rendering& rendering,
                 char* target);

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_FRAMES_H_
