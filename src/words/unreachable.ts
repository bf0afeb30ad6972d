const PHRASES: Readonly<Record<string, string>> = {
  EACCES: 'reading it is not permitted, check its permissions',
  EPERM: 'reading it is not permitted, check its permissions',
  ENOENT: 'it is not there, was it moved or its disk unmounted?',
  EIO: 'its storage reports an error (EIO), check the disk or the connection to it',
  ESTALE: 'its network storage was unmounted (ESTALE), mount it again',
  ENOTCONN: 'its network storage was unmounted (ENOTCONN), mount it again',
  EHOSTDOWN: 'its network storage does not answer (EHOSTDOWN), check the network',
  EHOSTUNREACH: 'its network storage does not answer (EHOSTUNREACH), check the network',
  ETIMEDOUT: 'its network storage does not answer (ETIMEDOUT), check the network',
};

/** Why the folder of a run cannot be read, and what to do about it. @param reason the system's code, or a sentence */
export function unreachablePhrase(reason: string): string {
  return PHRASES[reason] ?? reason;
}
