/** Entry of a process that may die: opens the GPU and prints what it found, so that a broken driver cannot take the engine along. */
import { closeWebGpu, openWebGpu } from './dawn';

openWebGpu().then(
  (search) => {
    process.stdout.write(JSON.stringify(search));
    closeWebGpu();
  },
  (error: unknown) => {
    process.stderr.write(String(error));
    process.exitCode = 1;
  },
);
