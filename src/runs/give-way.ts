import { constants, setPriority } from 'node:os';

/**
 * Lets everything else on the machine go first: a training must not be slower for being watched. On Linux that is the calling thread and
 * those that it starts, elsewhere the whole process. There is no way back without privileges.
 */
export function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Where a sandbox forbids it, the work goes on as it is.
  }
}
