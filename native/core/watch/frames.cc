// Numbering frames, and writing them; see frames.h. Thread rule: as told there.

#include "native/core/watch/frames.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "native/core/watch/entry_table.h"

namespace shardwatch {

namespace {

constexpr size_t kFramesInitial = 64;
constexpr std::string_view kTail = "}\n";

std::string_view HeadOf(WatchEventType type) {
  switch (type) {
    case WatchEventType::kAdded:
      return R"({"type":"ADDED","object":)";
    case WatchEventType::kModified:
      return R"({"type":"MODIFIED","object":)";
    case WatchEventType::kDeleted:
      break;
  }
  return R"({"type":"DELETED","object":)";
}

char* Append(char* target, std::string_view text) {
  std::memcpy(target, text.data(), text.size());
  return target + text.size();
}

constexpr uint32_t kNoKind = UINT32_MAX;

}  // namespace

uint64_t FrameIndex::Find(const FrameKey& key) const {
  if (first_ == next_ || key.sequence < log_first_) return 0;
  const Frame wanted{.sequence = key.sequence, .bytes = 0, .kind = KindOf(key)};
  if (wanted.kind == kNoKind) return 0;
  for (size_t at = HomeOf(wanted);; at = (at + 1) & (slots_.size() - 1)) {
    const uint64_t number = slots_[at];
    if (number == 0) return 0;
    const Frame& frame = At(number);
    if (frame.sequence == wanted.sequence && frame.kind == wanted.kind) return number;
  }
}

uint64_t FrameIndex::Add(const FrameKey& key, size_t bytes) {
  if (bytes > bytes_max_ || key.sequence < log_first_) return 0;
  if (KindOf(key) == kNoKind) Remember(key.api_version);
  if (next_ - first_ == frames_.size()) Grow();
  const uint64_t number = next_++;
  At(number) = {
      .sequence = key.sequence, .bytes = static_cast<uint32_t>(bytes), .kind = KindOf(key)};
  Place(number);
  bytes_ += bytes;
  while (bytes_ > bytes_max_) DropOldest();
  return number;
}

void FrameIndex::Forget(uint64_t log_first) {
  log_first_ = std::max(log_first_, log_first);
  while (first_ < next_ && At(first_).sequence < log_first_) DropOldest();
}

// Of the apiVersion its place in the list, 0 for none; kNoKind where it is not there.
uint32_t FrameIndex::KindOf(const FrameKey& key) const {
  uint32_t version = 0;
  if (key.api_version.data() != nullptr) {
    const auto found = std::find(api_versions_.begin(), api_versions_.end(), key.api_version);
    if (found == api_versions_.end()) return kNoKind;
    version = static_cast<uint32_t>(std::distance(api_versions_.begin(), found)) + 1;
  }
  return version << 2 | static_cast<uint32_t>(key.type);
}

void FrameIndex::Remember(std::string_view api_version) {
  // More than there are of one type: it begins anew, rather than grow with what is asked for.
  if (api_versions_.size() == kApiVersionsMax) {
    while (first_ < next_) DropOldest();
    api_versions_.clear();
  }
  api_versions_.emplace_back(api_version);
}

size_t FrameIndex::HomeOf(const Frame& frame) const {
  return MixHash(frame.sequence << 8 ^ frame.kind) & (slots_.size() - 1);
}

void FrameIndex::Grow() {
  const size_t capacity = std::max(kFramesInitial, frames_.size() * 2);
  std::vector<Frame> larger(capacity);
  for (uint64_t number = first_; number < next_; ++number) {
    larger[number & (capacity - 1)] = At(number);
  }
  frames_ = std::move(larger);
  slots_.assign(capacity * 2, 0);
  for (uint64_t number = first_; number < next_; ++number) Place(number);
}

void FrameIndex::Place(uint64_t number) {
  size_t at = HomeOf(At(number));
  while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = number;
}

void FrameIndex::DropOldest() {
  const size_t mask = slots_.size() - 1;
  const Frame& frame = At(first_);
  size_t gap = HomeOf(frame);
  while (slots_[gap] != first_) gap = (gap + 1) & mask;
  // Moves those up that the gap would hide.
  for (size_t at = (gap + 1) & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const size_t home = HomeOf(At(slots_[at]));
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = 0;
  bytes_ -= frame.bytes;
  ++first_;
}

size_t FrameLength(WatchEventType type, const Version& version, const Rendering& rendering) {
  return HeadOf(type).size() + RenderedLength(version, rendering) + kTail.size();
}

char* WriteFrame(WatchEventType type, const Version& version, const Rendering& rendering,
                 char* target) {
  target = Append(target, HeadOf(type));
  target = CopyVersion(version, rendering, target);
  return Append(target, kTail);
}

}  // namespace shardwatch
