// Sinks that write into a page of the caller's, with a record for each item in an array of the
// caller's. Both are shared memory between the core and JavaScript: records have a fixed layout.
//
// A sink takes what it is offered until it is full, but never less than one item, unless the page
// is too small for that: `needed` then tells how large it has to be, and the drain is repeated. A
// drain that goes on with what another has begun may take nothing, too.
// Thread rule: belongs to one drain.

#ifndef NATIVE_CORE_WATCH_SINKS_H_
#define NATIVE_CORE_WATCH_SINKS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "native/core/watch/frames.h"
#include "native/core/watch/watch.h"

namespace shardwatch {

// A frame of a drain: one that the environment has, or bytes of the page.
struct FrameRecord {
  // See FrameIndex; 0: it is not kept.
  uint64_t number;
  // Of a frame that is new, where it lies in the page.
  uint32_t offset;
  uint32_t length;
  // 0 or 1.
  uint32_t is_new;
  uint32_t unused;
};
static_assert(sizeof(FrameRecord) == 24);

// Frames of about so many bytes together, those that the environment has included.
class FrameSink final : public DrainSink {
 public:
  // New frames go into the page from `used` on, since a page may serve several drains; records from
  // the beginning. With `is_continued` the first frame is held to `bytes_max` like all others.
  FrameSink(std::span<char> page, size_t used, std::span<FrameRecord> records, size_t bytes_max,
            FrameIndex& index, bool is_continued = false)
      : page_(page),
        used_(used),
        records_(records),
        bytes_max_(bytes_max),
        index_(index),
        is_continued_(is_continued) {}

  bool AddObject(const Version& version, const Rendering& rendering) override;
  bool AddEvent(uint64_t sequence, uint64_t revision, WatchEventType type, const Version& version,
                const Rendering& rendering) override;

  // Records that were written, and the bytes of all their frames.
  size_t count() const { return count_; }
  size_t bytes() const { return bytes_; }
  // Where the page is free from.
  size_t used() const { return used_; }
  // Of the first frame, where that did not fit into what was left of the page; else 0.
  size_t needed() const { return needed_; }

 private:
  bool HasRoom(size_t length) const;
  bool Write(uint64_t number, WatchEventType type, const Version& version,
             const Rendering& rendering, size_t length);

  const std::span<char> page_;
  size_t used_;
  const std::span<FrameRecord> records_;
  const size_t bytes_max_;
  FrameIndex& index_;
  const bool is_continued_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  size_t needed_ = 0;
};

// An event of a drain. In the page, from `offset` on, lie the object, its namespace and its name.
struct EventRecordOut {
  uint64_t revision;
  uint32_t offset;
  uint32_t object_length;
  uint32_t namespace_length;
  uint32_t name_length;
  // WatchEventType.
  uint32_t type;
  uint32_t unused;
};
static_assert(sizeof(EventRecordOut) == 32);

// As many events as there are records.
class EventSink final : public DrainSink {
 public:
  EventSink(std::span<char> page, std::span<EventRecordOut> records)
      : page_(page), records_(records) {}

  bool AddObject(const Version& version, const Rendering& rendering) override;
  bool AddEvent(uint64_t sequence, uint64_t revision, WatchEventType type, const Version& version,
                const Rendering& rendering) override;

  size_t count() const { return count_; }
  // Of the objects.
  size_t bytes() const { return bytes_; }
  size_t used() const { return used_; }
  // Of the first event, where that did not fit into the page; else 0.
  size_t needed() const { return needed_; }

 private:
  bool Add(uint64_t revision, WatchEventType type, const Version& version,
           const Rendering& rendering);

  const std::span<char> page_;
  const std::span<EventRecordOut> records_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  size_t used_ = 0;
  size_t needed_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_SINKS_H_
