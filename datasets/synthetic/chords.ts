const NAMES = ['C', 'C sharp', 'D', 'D sharp', 'E', 'F', 'F sharp', 'G', 'G sharp', 'A', 'A sharp', 'B'];

/** `C4` for 60, `F sharp 3` for 54. */
export const noteName = (pitch: number): string =>
  `${NAMES[pitch % 12]}${(NAMES[pitch % 12]?.length ?? 0) > 1 ? ' ' : ''}${Math.floor(pitch / 12) - 1}`;

/** Root, third, fifth and octave. */
export const composeChord = (root: number, isMinor: boolean): number[] => [root, root + (isMinor ? 3 : 4), root + 7, root + 12];
