/** What spectroscopes see of a tube: the laws of the nanotube twin (docs/twin-swcnt.md). */

const LATTICE_NM = 0.246;
const OPTICAL_BOND_NM = 0.144;
export const EV_PER_WAVENUMBER = 1.239841984e-4;

/** Diameter [nm]: 0.246/π √(n² + nm + m²). */
export function diameterNm(n: number, m: number): number {
  return (LATTICE_NM / Math.PI) * Math.sqrt(n * n + n * m + m * m);
}

export function isSemiconducting(n: number, m: number): boolean {
  return (n - m) % 3 !== 0;
}

/** Radial breathing mode [1/cm]: (227/d) √(1 + 0.05786 d²). Source: Araujo et al. (2008). */
export function rbmShift(diameter: number): number {
  return (227 / diameter) * Math.sqrt(1 + 0.05786 * diameter * diameter);
}

export interface Transitions {
  e11PerCm: number;
  e22PerCm: number;
}

/**
 * Optical transitions [1/cm] of a semiconducting tube, quoted with a carbon bond of 0.144 nm.
 * Source: Weisman and Bachilo (2003).
 */
export function opticalTransitions(n: number, m: number): Transitions {
  const d = ((OPTICAL_BOND_NM * Math.sqrt(3)) / Math.PI) * Math.sqrt(n * n + n * m + m * m);
  const c = Math.cos(3 * Math.atan2(Math.sqrt(3) * m, 2 * n + m));
  const first = (n - m) % 3 === 1;
  const shift11 = first ? -771 * c ** 1.374 * d ** -2.272 : 347 * c ** 0.886 * d ** -2.129;
  const shift22 = first ? 1326 * c ** 0.828 * d ** -1.809 : -1421 * c ** 1.11 * d ** -2.497;
  return {
    e11PerCm: 1e7 / (157.5 + 1066.9 * d) + shift11,
    e22PerCm: 1e7 / (145.6 + 575.7 * d) + shift22,
  };
}

/** Energy of a laser's photons [eV]. */
export function laserEv(wavelengthNm: number): number {
  return (1e7 / wavelengthNm) * EV_PER_WAVENUMBER;
}

export interface KatauraPoint {
  n: number;
  m: number;
  diameter: number;
  /** Transition energy [eV]. */
  energy: number;
  transition: 'E11' | 'E22';
}

/** Both transitions of every semiconducting tube with a diameter in (low, high) nm. */
export function kataura(low: number, high: number): KatauraPoint[] {
  const points: KatauraPoint[] = [];
  for (let n = 1; diameterNm(n, 0) < high; n += 1) {
    for (let m = 0; m <= n; m += 1) {
      const diameter = diameterNm(n, m);
      if (!isSemiconducting(n, m) || diameter <= low || diameter >= high) continue;
      const { e11PerCm, e22PerCm } = opticalTransitions(n, m);
      points.push(
        { n, m, diameter, energy: e11PerCm * EV_PER_WAVENUMBER, transition: 'E11' },
        { n, m, diameter, energy: e22PerCm * EV_PER_WAVENUMBER, transition: 'E22' },
      );
    }
  }
  return points;
}
