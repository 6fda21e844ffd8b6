// Writing items and their records; see sinks.h. Thread rule: as told there.

#include "native/core/watch/sinks.h"

#include <cstring>

namespace shardwatch {

namespace {

char* Append(char* target, std::string_view text) {
  if (!text.empty()) std::memcpy(target, text.data(), text.size());
  return target + text.size();
}

}  // namespace

bool FrameSink::AddObject(const Version& version, const Rendering& rendering) {
  const size_t length = FrameLength(WatchEventType::kAdded, version, rendering);
  if (!HasRoom(length)) return false;
  // Of one watch alone: not kept for others.
  return Write(0, WatchEventType::kAdded, version, rendering, length);
}

bool FrameSink::AddEvent(uint64_t sequence, uint64_t, WatchEventType type, const Version& version,
                         const Rendering& rendering) {
  const size_t length = FrameLength(type, version, rendering);
  if (!HasRoom(length)) return false;
  FrameKey key{.sequence = sequence, .type = type};
  const ApiVersionText* const wanted = rendering.api_version;
  if (wanted != nullptr && wanted->api_version() != version.api_version()->text()) {
    key.api_version = wanted->api_version();
  }
  const uint64_t known = index_.Find(key);
  if (known == 0) {
    if (length > page_.size() - used_) return Write(0, type, version, rendering, length);
    return Write(index_.Add(key, length), type, version, rendering, length);
  }
  records_[count_++] = {.number = known,
                        .offset = 0,
                        .length = static_cast<uint32_t>(length),
                        .is_new = 0,
                        .unused = 0};
  bytes_ += length;
  return true;
}

bool FrameSink::HasRoom(size_t length) const {
  if (count_ == records_.size()) return false;
  return (count_ == 0 && !is_continued_) || bytes_ + length <= bytes_max_;
}

// False where the page has no room.
bool FrameSink::Write(uint64_t number, WatchEventType type, const Version& version,
                      const Rendering& rendering, size_t length) {
  if (length > page_.size() - used_) {
    if (count_ == 0) needed_ = length;
    return false;
  }
  WriteFrame(type, version, rendering, page_.data() + used_);
  records_[count_++] = {.number = number,
                        .offset = static_cast<uint32_t>(used_),
                        .length = static_cast<uint32_t>(length),
                        .is_new = 1,
                        .unused = 0};
  used_ += length;
  bytes_ += length;
  return true;
}

bool EventSink::AddObject(const Version& version, const Rendering& rendering) {
  return Add(version.revision(), WatchEventType::kAdded, version, rendering);
}

bool EventSink::AddEvent(uint64_t, uint64_t revision, WatchEventType type, const Version& version,
                         const Rendering& rendering) {
  return Add(revision, type, version, rendering);
}

bool EventSink::Add(uint64_t revision, WatchEventType type, const Version& version,
                    const Rendering& rendering) {
  if (count_ == records_.size()) return false;
  const size_t object_length = RenderedLength(version, rendering);
  const KeyView key = version.key();
  const size_t length = object_length + key.namespace_name.size() + key.name.size();
  if (length > page_.size() - used_) {
    if (count_ == 0) needed_ = length;
    return false;
  }
  char* end = CopyVersion(version, rendering, page_.data() + used_);
  end = Append(end, key.namespace_name);
  Append(end, key.name);
  records_[count_++] = {.revision = revision,
                        .offset = static_cast<uint32_t>(used_),
                        .object_length = static_cast<uint32_t>(object_length),
                        .namespace_length = static_cast<uint32_t>(key.namespace_name.size()),
                        .name_length = static_cast<uint32_t>(key.name.size()),
                        .type = static_cast<uint32_t>(type),
                        .unused = 0};
  used_ += length;
  bytes_ += object_length;
  return true;
}

}  // namespace shardwatch
