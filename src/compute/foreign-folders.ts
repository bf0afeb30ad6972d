/**
 * The variable with a JSON array of the folders in which no program is looked for, as a workspace may bring its own along. Where it is not
 * set, a process that cannot have the GPU itself starts no other one (Restricted Mode).
 */
export const FOREIGN_FOLDERS = 'SIGMA_FOREIGN_FOLDERS';
