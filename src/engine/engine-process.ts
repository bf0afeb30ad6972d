import { type ChildProcess, fork } from 'node:child_process';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter, type MessageConnection } from 'vscode-jsonrpc/node';
import { engineEnvironment } from './environment';
import { exitNotification, shutdownRequest } from './protocol';

/** Milliseconds that an orderly shutdown may take. */
const GRACE = 2000;

// The main thread's heap holds queue, cache and messages; the worker threads have heaps of their own.
const EXEC_ARGV = ['--max-old-space-size=512'];

export interface EngineProcessEvents {
  /** Gets what the process prints. */
  readonly log: (text: string) => void;
  /** The process is gone; comes before its pending requests fail. `how` is e.g. `signal SIGKILL`. */
  readonly onExit: (how: string) => void;
}

/** One run of the background process, from its start to its end. */
export class EngineProcess {
  readonly connection: MessageConnection;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  /**
   * @param script the engine's bundle
   * @param foreignFolders in which the engine must look for no program; null if it must start none at all (Restricted Mode)
   */
  constructor(script: string, foreignFolders: readonly string[] | null, { log, onExit }: EngineProcessEvents) {
    const child = fork(script, [], {
      // Float64Arrays travel as they are.
      serialization: 'advanced',
      env: engineEnvironment(process.env, process.versions.electron !== undefined, foreignFolders),
      execArgv: EXEC_ARGV,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    // The engine ends by itself when the channel closes; this is for one that cannot.
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    this.#exited = new Promise((resolve) => {
      const end = (how: string) => {
        process.off('exit', kill);
        onExit(how);
        connection.dispose();
        resolve();
      };
      child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
      child.on('error', (error) => {
        log(`${error.message}\n`);
        // A process that never started has no exit.
        if (child.pid === undefined) end(error.message);
      });
    });
    // There are none when the process could not start for want of file descriptors.
    for (const output of [child.stdout, child.stderr]) output?.setEncoding('utf8').on('data', log);
    connection.listen();
    this.connection = connection;
    this.#child = child;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Orderly at first, by force after a grace period. Resolves when the process is gone. */
  async stop(): Promise<void> {
    const force = setTimeout(() => this.#child.kill('SIGKILL'), GRACE);
    try {
      await this.connection.sendRequest(shutdownRequest);
      await this.connection.sendNotification(exitNotification);
    } catch {
      // It is gone already, or will not go by itself.
      this.#child.kill('SIGKILL');
    }
    await this.#exited;
    clearTimeout(force);
  }
}
