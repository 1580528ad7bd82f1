import type { Point } from './canvas.ts';

export type Vector = readonly [number, number, number];
/** A pinhole camera. */
export interface Camera {
  readonly eye: Vector;
  readonly target: Vector;
  readonly up: Vector;
  /** Focal length in units of the picture's width. */
  readonly focal: number;
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
function unit(a: Vector): Vector {
  const length = Math.sqrt(dot(a, a)) || 1;
  return [a[0] / length, a[1] / length, a[2] / length];
}

/** Returns the projection of points to pixels, and their distance along the line of sight. */
export function projector(camera: Camera, width: number, height: number): (point: Vector) => { at: Point; distance: number } {
  const forward = unit(minus(camera.target, camera.eye));
  const right = unit(cross(forward, camera.up));
  const above = cross(right, forward);
  const focal = camera.focal * width;
  return (point) => {
    const ray = minus(point, camera.eye);
    const distance = Math.max(0.05, dot(ray, forward));
    return {
      at: [width / 2 + (focal * dot(ray, right)) / distance, height / 2 - (focal * dot(ray, above)) / distance],
      distance,
    };
  };
}
