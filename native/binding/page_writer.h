// Objects laid into a page of JavaScript's, each with a record in the exchange:
//
//   page    ... | object | namespace | name | object | ...
//   record  wire::ObjectLane
//
// Thread rule: belongs to one call.

#ifndef NATIVE_BINDING_PAGE_WRITER_H_
#define NATIVE_BINDING_PAGE_WRITER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "native/binding/exchange.h"
#include "native/core/object/key.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

class PageWriter {
 public:
  // `rest` begins at offset `begin` of the page.
  PageWriter(std::span<char> rest, size_t begin, Exchange& exchange)
      : rest_(rest), begin_(begin), exchange_(exchange) {}

  // Records so far, the offset where the last one's bytes end, and how many bytes the object takes
  // that did not fit.
  size_t count() const { return count_; }
  size_t end() const { return begin_ + used_; }
  size_t needed() const { return needed_; }

  // False where it does not fit. `copy(target)` writes `length` bytes. REQUIRES: there is a record
  // left.
  template <typename Copy>
  bool Add(const KeyView& key, uint64_t revision, size_t length, Copy copy) {
    const size_t total = length + key.namespace_name.size() + key.name.size();
    if (total > rest_.size() - used_) {
      needed_ = total;
      return false;
    }
    char* const target = rest_.data() + used_;
    copy(target);
    std::ranges::copy(key.name, std::ranges::copy(key.namespace_name, target + length).out);
    Number(wire::ObjectLane::kObjectOffset, begin_ + used_);
    Number(wire::ObjectLane::kObjectLength, length);
    Number(wire::ObjectLane::kNamespaceLength, key.namespace_name.size());
    Number(wire::ObjectLane::kNameLength, key.name.size());
    exchange_.SetRecordRevision(count_, wire::ObjectLane::kRevision, revision);
    used_ += total;
    ++count_;
    return true;
  }

 private:
  void Number(wire::ObjectLane lane, size_t value) {
    exchange_.SetRecordNumber(count_, lane, static_cast<double>(value));
  }

  const std::span<char> rest_;
  const size_t begin_;
  Exchange& exchange_;
  size_t used_ = 0;
  size_t count_ = 0;
  size_t needed_ = 0;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_PAGE_WRITER_H_
