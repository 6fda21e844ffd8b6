/**
 * Imports what its arguments name, and prints, as JSON, the parts of Node and the addons that this
 * has loaded.
 */

const before = new Set(process.moduleLoadList);
const addons = [];
const { dlopen } = process;
process.dlopen = (module, file, ...rest) => {
  addons.push(file);
  return dlopen.call(process, module, file, ...rest);
};
for (const name of process.argv.slice(2)) await import(name);
const builtins = process.moduleLoadList
  .filter((entry) => !before.has(entry))
  .map((entry) => entry.replace(/^\w+ /, ''));
console.log(JSON.stringify({ builtins, addons }));
