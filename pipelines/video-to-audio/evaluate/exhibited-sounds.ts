/** A sound of a group, as `exhibits.json` has it. */
export interface SoundItem {
  readonly title: string;
  readonly audio: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly rolls: readonly { readonly title: string; readonly roll: string; readonly against?: string }[];
}
/** What every version made of one clip. */
export interface SoundGroup {
  readonly title: string;
  readonly items: readonly SoundItem[];
}
