/** Makes a process report what one with musl's C library does: no version of glibc. */

const { getReport } = process.report;
process.report.getReport = (...args) => {
  const report = getReport.apply(process.report, args);
  delete report.header.glibcVersionRuntime;
  return report;
};
