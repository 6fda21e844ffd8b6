// Choosing an index, and looking its objects up; see index_walk.h. Thread rule: one thread.

#include "native/core/shard/index_walk.h"

#include <algorithm>
#include <limits>
#include <new>
#include <span>
#include <utility>

#include "native/core/bytes/fetch.h"

namespace shardwatch {

namespace {

// The lowest text above all that begin so. REQUIRES: one that is not made of 0xff alone.
std::string BehindAll(std::string beginning) {
  while (beginning.back() == '\xff') beginning.pop_back();
  ++beginning.back();
  return beginning;
}

std::string_view ObjectPart(const IndexEntry& entry) {
  return entry.text().substr(kIndexPrefixBytes);
}

// Of a version its header, and mostly the part of its bytes where the name is.
constexpr size_t kComparedBytes = 320;

}  // namespace

std::unique_ptr<IndexWalk> IndexWalk::Choose(const State& state, const Scope& scope,
                                             const std::optional<KeyView>& start) {
  const IndexDeclaration* const declaration = state.index.declaration;
  if (declaration == nullptr || scope.name() != nullptr) return nullptr;
  std::optional<Candidates> fewest;
  const auto offer = [&](std::optional<uint16_t> number, LabelSpan values) {
    if (!number || values.size() > kAlternativesMax) return;
    Candidates candidates = Count(state, scope, *number, values);
    if (!fewest || candidates.count < fewest->count) fewest = std::move(candidates);
  };
  scope.VisitRequiredFields([&](const FieldEquality& field) {
    if (!field.value->text().empty()) offer(declaration->OfField(field.index), {&field.value, 1});
  });
  scope.VisitRequiredLabels([&](LabelSpan labels) {
    if (!labels.empty()) offer(declaration->OfLabel(labels.front()->key()), labels);
  });
  if (!fewest) return nullptr;
  const uint64_t objects = scope.namespace_name() == nullptr
                               ? state.directory.size()
                               : state.directory.ObjectsOf(scope.namespace_name()->text()).size();
  const bool is_worth_it =
      fewest->count <= kFewCandidates || fewest->count < objects / kPassedOverCount;
  if (!is_worth_it) return nullptr;
  std::unique_ptr<IndexWalk> walk(new (std::nothrow) IndexWalk(state.directory, fewest->number));
  if (walk == nullptr) return nullptr;
  std::string first;
  if (start) first.append(start->namespace_name).append(1, '/').append(start->name);
  walk->ranges_.reserve(fewest->beginnings.size());
  for (std::string& beginning : fewest->beginnings) {
    walk->Add(state.index.entries, std::move(beginning), first);
  }
  return walk;
}

const Version* IndexWalk::Next() {
  if (next_in_block_ == block_size_) ReadBlock();
  return next_in_block_ < block_size_ ? block_[next_in_block_++] : nullptr;
}

IndexWalk::Candidates IndexWalk::Count(const State& state, const Scope& scope, uint16_t number,
                                       LabelSpan values) {
  Candidates candidates;
  candidates.number = number;
  for (const InternedString* const value : values) {
    std::string beginning;
    AppendIndexPrefix(number, *value, beginning);
    if (scope.namespace_name() != nullptr) {
      beginning.append(scope.namespace_name()->text()).append(1, '/');
    }
    // A value that is asked for twice is one alternative.
    if (std::ranges::find(candidates.beginnings, beginning) != candidates.beginnings.end()) {
      continue;
    }
    candidates.count += state.index.entries.WeightBetween(beginning, BehindAll(beginning));
    candidates.beginnings.push_back(std::move(beginning));
  }
  return candidates;
}

void IndexWalk::Add(const IndexEntries& entries, std::string beginning, std::string_view start) {
  std::string first = beginning.substr(0, kIndexPrefixBytes).append(start);
  if (first < beginning) first = beginning;
  Range& range = ranges_.emplace_back(Range{
      .entries = Entries(entries, first), .beginning = std::move(beginning), .next = nullptr});
  Step(range);
}

void IndexWalk::Step(Range& range) {
  range.next = range.entries.Next();
  if (range.next != nullptr && range.next->text().starts_with(range.beginning)) return;
  range.next = nullptr;
}

// The lowest of all ranges, in each of which it is once.
const IndexEntry* IndexWalk::NextEntry() {
  Range* lowest = nullptr;
  for (Range& range : ranges_) {
    if (range.next == nullptr) continue;
    if (lowest == nullptr || ObjectPart(*range.next) < ObjectPart(*lowest->next)) lowest = &range;
  }
  if (lowest == nullptr) return nullptr;
  const IndexEntry* const entry = lowest->next;
  Step(*lowest);
  return entry;
}

// Searches for all objects of a block at the same time, level by level.
void IndexWalk::ReadBlock() {
  std::array<Search, kBlockMax> block;
  const std::span<Search> searches = std::span(block).first(TakeEntries(block));
  while (Descend(searches)) {
  }
  FetchLikely(searches);
  block_size_ = 0;
  next_in_block_ = 0;
  for (const Search& search : searches) {
    const Version* const version =
        Objects::FindInLeaf(*search.node, search.name, [](const Version*) {});
    if (version != nullptr) block_[block_size_++] = version;
  }
  block_max_ = std::min(block_max_ * 2, kBlockMax);
}

// The next entries, each at the root of its namespace.
size_t IndexWalk::TakeEntries(std::span<Search> searches) {
  size_t count = 0;
  while (count < block_max_) {
    const IndexEntry* const entry = NextEntry();
    if (entry == nullptr) break;
    const KeyView key = IndexedKey(entry->text());
    if (!has_objects_ || key.namespace_name != namespace_name_) {
      namespace_name_ = key.namespace_name;
      objects_ = directory_.ObjectsOf(namespace_name_);
      has_objects_ = true;
    }
    if (objects_.root() == nullptr) continue;
    searches[count++] = {.name = key.name, .node = objects_.root()};
  }
  return count;
}

// One level; false where all are at their leaves. Memory is asked for what will be read and no
// more: with so many searches at once it is busy, and not waited for.
bool IndexWalk::Descend(std::span<Search> searches) {
  std::array<Search*, kBlockMax> stepping;
  size_t count = 0;
  for (Search& search : searches) {
    if (search.node->is_leaf()) continue;
    search.child = Objects::ChildPlaceIfThere(*search.node, search.name);
    FetchLine(search.child);
    stepping[count++] = &search;
  }
  for (size_t index = 0; index < count; ++index) {
    stepping[index]->node = *stepping[index]->child;
    FetchLines(stepping[index]->node, Objects::kHeadsEnd);
  }
  return count > 0;
}

// What heads say is there.
void IndexWalk::FetchLikely(std::span<const Search> searches) {
  std::array<Version* const*, kBlockMax> likely;
  size_t count = 0;
  for (const Search& search : searches) {
    Version* const* const place = Objects::LikelyPlaceInLeaf(*search.node, search.name);
    if (place == nullptr) continue;
    FetchLine(place);
    likely[count++] = place;
  }
  for (size_t index = 0; index < count; ++index) FetchLines(*likely[index], kComparedBytes);
}

}  // namespace shardwatch
