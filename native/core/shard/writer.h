// One thread's way to write: batches of changes, new generations, progress and trimming.
//
//   prepare   bytes are scanned and laid out, all memory is got               no lock
//   order     ticket, ticks, plan of the log, a place in each shard's queue   order lock
//   build     the trees of the namespaces that are touched                    the shards' turns
//   publish   log, directory, root, exchange; then observers                  ticket order
//   retire    what the new root has no more; some of what is dead is freed    no lock
//
//  1. What is refused changes nothing: all that can be wrong with a batch is found before a ticket
//     is taken, and what only the turn can tell (a precondition) makes the ticket publish nothing.
//  2. A batch is published by one exchange.
// Thread rule: belongs to one thread; many writers share a store and a publisher.

#ifndef NATIVE_CORE_SHARD_WRITER_H_
#define NATIVE_CORE_SHARD_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "native/core/epoch/epoch.h"
#include "native/core/object/key.h"
#include "native/core/object/scan.h"
#include "native/core/shard/publisher.h"
#include "native/core/shard/root.h"
#include "native/core/shard/store.h"

namespace shardwatch {

// A change as it comes in; the bytes belong to the caller.
struct Change {
  KeyView key;
  uint64_t revision = 0;
  // The object's JSON; null data: a deletion.
  std::string_view object;

  bool is_put() const { return object.data() != nullptr; }
};

enum class WriteFault : uint8_t {
  kNone,
  kClosed,
  // `index` is the change whose revision is not above the one before; `revision` is the newest.
  kNotRising,
  // `index` is the change whose object is refused.
  kInvalidObject,
  kKeyMismatch,
  kOutOfMemory,
  // The object's revision is not the expected one but `revision`, 0 for none.
  kConflict,
};

struct WriteOutcome {
  WriteFault fault = WriteFault::kNone;
  size_t index = 0;
  uint64_t revision = 0;
};

// Told of every root, in ticket order, right after it was published.
class RootObserver {
 public:
  // `records[i]` has the sequence `first_sequence + i`; some may have left the root's log already.
  virtual void RootPublished(Root& root, std::span<const EventRecord> records,
                             uint64_t first_sequence) = 0;
  // The root begins a new generation; or all is over.
  virtual void RootReplaced(Root& root, bool is_closed) = 0;

 protected:
  ~RootObserver() = default;
};

class Writer {
 public:
  // Everything outlives the writer.
  Writer(Store& store, Publisher& publisher, EpochSlot& slot, RootObserver& observer);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Applies changes whose revisions rise, in their order.
  WriteOutcome Apply(std::span<const Change> changes, double now_ms);

  // Writes one object at the next revision, whatever that is by then, if the object's present
  // revision is `expected` (0: there is none; absent: any). The outcome has the revision. A
  // deletion of an object that is not there, without an expectation, writes nothing: revision 0.
  WriteOutcome Write(const Change& change, const uint64_t* expected, double now_ms);

  // Replaces everything by these objects (of a key that comes twice the last one stays) at
  // `revision`: a new generation.
  WriteOutcome Replace(std::span<const Change> puts, uint64_t revision);

  // Raises the revision; at or below the current one it does nothing.
  WriteOutcome Progress(uint64_t revision);

  // Drops history that is over its limits.
  WriteOutcome Trim(double now_ms);

  // Drops everything. Writers fail with kClosed afterwards.
  WriteOutcome Close();

  // Memory that is kept for the next write.
  size_t spare_bytes() const;

 private:
  // The changes of one batch in one namespace.
  struct Group {
    std::string_view namespace_name;
    // In `order_`.
    size_t begin = 0;
    size_t end = 0;
    uint32_t shard = 0;
    Objects objects;
    // Null where the namespace has no objects afterwards, or did not change.
    Namespace* entry = nullptr;
    bool has_changed = false;
  };

  struct Place {
    uint32_t shard = 0;
    uint64_t place = 0;
  };

  // Gives up, at the end of a write, however that ends, what was got for a large batch.
  class SpareBound {
   public:
    explicit SpareBound(Writer& writer) : writer_(writer) {}
    ~SpareBound() { writer_.GiveUpSpares(kSparesMax); }
    SpareBound(const SpareBound&) = delete;
    SpareBound& operator=(const SpareBound&) = delete;

   private:
    Writer& writer_;
  };

  // Dead things that a write frees beyond as many as it killed, so that they do not pile up.
  static constexpr size_t kReclaimedMax = 128;

  // Of each kind of memory that a write has to have before it begins, as many pieces stay for the
  // next one: what a dozen changes take at most, and less than a MiB in all. Every thread that has
  // written keeps its own, so it must not be what its largest batch took.
  static constexpr size_t kSparesMax = 256;

  WriteOutcome Prepare(std::span<const Change> changes);
  WriteOutcome PrepareVersion(const Change& change, size_t index);
  WriteOutcome Refuse(const WriteOutcome& outcome, uint64_t newest);
  void DropVersions();
  void GroupChanges(std::span<const Change> changes);
  bool Reserve(size_t records, bool is_replacement);
  bool ReserveNodes(const ObjectDirectory& directory);
  bool ReserveRoot();
  bool ReserveEntries(size_t count);
  bool ReserveLog(size_t records);
  void TakePlaces(Publisher::Order& order);
  void TakeAllPlaces(Publisher::Order& order);
  void WaitForTurns();
  void PassTurns();
  bool Build(std::span<const Change> changes, const Ticket& ticket, double now_ms);
  void BuildGroup(Group& group, const Objects& base, std::span<const Change> changes,
                  const Ticket& ticket, double now_ms);
  void BuildState(const Ticket& ticket);
  void GiveUpChanges();
  Root* MakeRoot(const Ticket& ticket, const Root& previous);
  void FillIndex(Root& root, const ObjectIndex& base, const Ticket& ticket);
  void FillDirectory(Root& root, const ObjectDirectory& base, const Ticket& ticket);
  void Publish(const Ticket& ticket, uint64_t revision, double now_ms);
  void PublishState(const Ticket& ticket, uint64_t revision, bool is_closed);
  void RetireObjects(TreeNode<Version*>* node, uint64_t tick);
  void RetireNamespaces(TreeNode<Namespace*>* node, uint64_t tick);
  void Finish(Root* previous, uint64_t tick);
  void GiveUpSpares(size_t kept);

  Store& store_;
  Publisher& publisher_;
  EpochSlot& slot_;
  RootObserver& observer_;
  ObjectScanner scanner_;
  ObjectSupply object_nodes_;
  NamespaceSupply namespace_nodes_;
  IndexSupply index_nodes_;
  LogSupply log_supply_;
  RetiredList entries_;
  void* root_memory_ = nullptr;
  // Of the batch at hand. A version that is null belongs to a deletion, or was published.
  std::vector<Version*> versions_;
  std::vector<EventRecord> records_;
  std::vector<size_t> order_;
  std::vector<Group> groups_;
  std::vector<Place> places_;
  RetiredList replaced_;
  ObjectIndex built_index_;
  int64_t bytes_change_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_WRITER_H_
