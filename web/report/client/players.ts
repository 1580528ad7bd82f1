/** A clip in its versions: one of them sounds, all share one position. */
interface Player {
  readonly group: HTMLElement;
  readonly versions: readonly Version[];
  chosen: number;
  position: number;
}
interface Version {
  readonly figure: HTMLElement;
  readonly audio: HTMLAudioElement;
  readonly button: HTMLElement | null;
  readonly playhead: HTMLElement | null;
  /** dB relative to full scale; undefined if not known. */
  readonly level: number | undefined;
}

const seekSeconds = 0.25;
let current: Player | undefined;

export function followPlayers(): void {
  const players = [...document.querySelectorAll<HTMLElement>('.group.heard')]
    .map(makePlayer)
    .filter((player) => player.versions.length > 0);
  for (const player of players) connect(player, players);
  for (const box of document.querySelectorAll<HTMLInputElement>('.match')) {
    box.addEventListener('change', () => players.filter(({ group }) => box.closest('.exhibit')?.contains(group)).forEach(setVolumes));
  }
  document.addEventListener('keydown', (event) => onKey(event, players));
}

function makePlayer(group: HTMLElement): Player {
  const versions = [...group.querySelectorAll<HTMLElement>('.version')].flatMap((figure): Version[] => {
    const audio = figure.querySelector('audio');
    if (audio === null) return [];
    const level = figure.dataset.level ? Number(figure.dataset.level) : undefined;
    return [
      {
        figure,
        audio,
        button: figure.querySelector<HTMLElement>('.choose'),
        playhead: figure.querySelector<HTMLElement>('.playhead'),
        level,
      },
    ];
  });
  return { group, versions, chosen: 0, position: 0 };
}

function connect(player: Player, all: readonly Player[]): void {
  player.versions.forEach(({ audio, figure, button }, i) => {
    audio.controls = false;
    button?.addEventListener('click', () => {
      choose(player, i);
      current = player;
    });
    const picture = figure.querySelector('.picture');
    picture?.addEventListener('click', (event) => {
      if (!(event instanceof MouseEvent) || !Number.isFinite(audio.duration)) return;
      const bounds = picture.getBoundingClientRect();
      choose(player, i);
      seek(player, ((event.clientX - bounds.left) / bounds.width) * audio.duration);
      current = player;
    });
    audio.addEventListener('ended', () => {
      player.position = 0;
      draw(player);
    });
    audio.addEventListener('loadedmetadata', () => draw(player));
    audio.addEventListener('error', () => figure.classList.add('unplayable'));
  });
  player.group.querySelector('.play')?.addEventListener('click', () => toggle(player, all));
  player.group.addEventListener('focusin', () => {
    current = player;
  });
  setVolumes(player);
  choose(player, 0);
}

const sounding = (player: Player): HTMLAudioElement | undefined => player.versions[player.chosen]?.audio;
const isPlaying = (player: Player): boolean => sounding(player)?.paused === false;

/** The other version goes on where this one is. */
function choose(player: Player, index: number): void {
  const next = player.versions[index];
  if (next === undefined) return;
  const wasPlaying = isPlaying(player);
  if (wasPlaying) player.position = sounding(player)?.currentTime ?? player.position;
  if (index !== player.chosen) sounding(player)?.pause();
  player.chosen = index;
  if (next.audio.currentTime !== player.position) next.audio.currentTime = player.position;
  if (wasPlaying) void start(player);
  player.versions.forEach(({ figure, button }, i) => {
    figure.classList.toggle('chosen', i === index);
    button?.setAttribute('aria-pressed', String(i === index));
  });
  draw(player);
}

function toggle(player: Player, all: readonly Player[]): void {
  current = player;
  if (isPlaying(player)) {
    player.position = sounding(player)?.currentTime ?? 0;
    sounding(player)?.pause();
  } else {
    for (const other of all) if (other !== player && isPlaying(other)) toggle(other, []);
    current = player;
    const audio = sounding(player);
    if (audio) audio.currentTime = player.position;
    void start(player);
  }
  draw(player);
}

async function start(player: Player): Promise<void> {
  try {
    await sounding(player)?.play();
  } catch {
    // Pausing before the first sample is one reason; an unreadable file is marked by its error event.
  }
  const follow = () => {
    draw(player);
    if (isPlaying(player)) requestAnimationFrame(follow);
  };
  follow();
}

function seek(player: Player, seconds: number): void {
  const audio = sounding(player);
  if (audio === undefined) return;
  player.position = Math.min(Math.max(0, seconds), Number.isFinite(audio.duration) ? audio.duration : seconds);
  audio.currentTime = player.position;
  draw(player);
}

/** Every version is turned down to the quietest, so that louder doesn't pass for better. */
function setVolumes({ group, versions }: Player): void {
  const matched = group.closest('.exhibit')?.querySelector<HTMLInputElement>('.match')?.checked ?? false;
  const levels = versions.flatMap(({ level }) => (level === undefined || level < -80 ? [] : [level]));
  const quietest = Math.min(...levels);
  for (const { audio, level } of versions)
    audio.volume = matched && level !== undefined && level > quietest ? 10 ** ((quietest - level) / 20) : 1;
}

function draw(player: Player): void {
  const audio = sounding(player);
  const playing = isPlaying(player);
  const position = playing ? (audio?.currentTime ?? 0) : player.position;
  player.group.classList.toggle('playing', playing);
  const label = player.group.getAttribute('aria-label') ?? '';
  player.group.querySelector('.play')?.setAttribute('aria-label', `${playing ? 'Pause' : 'Play'} ${label}`);
  const time = player.group.querySelector('.time');
  const length = audio !== undefined && Number.isFinite(audio.duration) ? ` / ${audio.duration.toFixed(1)}` : '';
  if (time !== null) time.textContent = `${position.toFixed(1)}${length} s`;
  for (const { audio: one, playhead } of player.versions) {
    if (playhead === null || !(one.duration > 0)) continue;
    playhead.hidden = position === 0 && !playing;
    playhead.style.left = `${Math.min(100, (position / one.duration) * 100)}%`;
  }
}

function onKey(event: KeyboardEvent, players: readonly Player[]): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof HTMLElement ? event.target : undefined;
  if (target?.matches('input, textarea, select')) return;
  if (/^[1-9]$/.test(event.key)) {
    const player = current ?? players[0];
    if (player !== undefined) choose(player, Number(event.key) - 1);
    return;
  }
  // The other keys scroll the page, so they count only inside a clip.
  const player = players.find(({ group }) => target !== undefined && group.contains(target));
  if (player === undefined) return;
  const position = isPlaying(player) ? (sounding(player)?.currentTime ?? 0) : player.position;
  if (event.key === ' ' && target?.tagName !== 'BUTTON') toggle(player, players);
  else if (event.key === 'ArrowRight') seek(player, position + seekSeconds);
  else if (event.key === 'ArrowLeft') seek(player, position - seekSeconds);
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp')
    players[players.indexOf(player) + (event.key === 'ArrowDown' ? 1 : -1)]?.group.focus();
  else return;
  event.preventDefault();
}
