/** Hertz of all sound in the pipeline. */
export const SAMPLE_RATE = 24_000;
/** Latents and piano rolls, rows a second. */
export const LATENT_RATE = 75;
