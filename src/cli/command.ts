/** One command of the command line. */
export interface Command {
  /** What is typed after `sluice`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Resolves to the exit code, or to undefined where it runs on. Rejects with a message for the user. */
  run(argv: readonly string[]): Promise<number | undefined>;
}
