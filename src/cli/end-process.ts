/**
 * Ends the process at once. `process.exit` ends worker threads too, and the process aborts where one of them is inside
 * the runtime (docs/adr/0003-never-end-a-running-worker.md): with another exit code, and a core dump of everything that
 * is in memory. A program that takes its place has no such thread.
 */
export function endProcess(code: number): void {
  // With 0 everything was closed in order. Windows has no such call.
  if (code !== 0 && process.platform !== 'win32') {
    process.execve?.(process.execPath, ['node', '-e', `process.exit(${code})`], {});
  }
  process.exit(code);
}
