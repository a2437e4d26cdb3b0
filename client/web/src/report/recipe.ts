/** The recipe of a run as a text that `parallax run open` and the Python client read: a run.json. */
import type { Run, Setpoint } from '../gen/parallax/v1/resources_pb.ts';

const setpoint = ({ value, ramp }: Setpoint) => (ramp ? { ramp_to: value } : value);

/**
 * Without "id" and "started_at", which the new run has of its own: whoever opens it is told that they are missing.
 * Figures are those that are stored, to the last bit.
 */
export function recipeText(run: Run): string {
  const { substrate, catalyst } = run;
  const document = {
    segments: run.segments.map(({ name, startS, endS, setpoints }) => ({
      name,
      start_s: startS,
      end_s: endS,
      setpoints: Object.fromEntries(
        Object.entries(setpoints)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([channel, to]) => [channel, setpoint(to)]),
      ),
    })),
    ...(substrate === undefined
      ? {}
      : { substrate: { material: substrate.material, thickness_m: substrate.thicknessM } }),
    ...(catalyst === undefined
      ? {}
      : {
          catalyst: {
            set: catalyst.set,
            feed: catalyst.feed,
            reduction_s: catalyst.reductionS,
            anneal_s: catalyst.annealS,
          },
        }),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}
