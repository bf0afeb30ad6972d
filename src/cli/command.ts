import type { Terminal } from './terminal';

/** Exit codes that the shell sees. */
export const ExitCode = { fine: 0, findings: 1, failed: 2, interrupted: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface Command {
  readonly name: string;
  /** A few words for the list of commands. */
  readonly summary: string;
  /** What `sigma NAME --help` prints. */
  readonly help: string;
  /**
   * @param args what stands after the command's name
   * @throws Failure when what was asked cannot be done
   */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}
