// The one instance; see process.h. Thread rule: any thread.

#include "native/binding/process.h"

namespace shardwatch::binding {

Process& Process::Get() {
  static Process* const process = new Process;
  return *process;
}

}  // namespace shardwatch::binding
