import type { ControllerMaker } from '../controller.js';

/** A rival that waits U(0, jitterMs) after it has come online: "J10" in the tables is 10 s. */
export function withReconnectJitter(jitterMs: number, make: ControllerMaker): ControllerMaker {
  return (random) => {
    const rival = make(random);
    let openAt = 0;
    return {
      ...rival,
      decide: (now, view) => (now < openAt ? { kind: 'wait', until: openAt } : rival.decide(now, view)),
      connectivity(now, event) {
        if (event === 'online') openAt = now + jitterMs * random();
      },
    };
  };
}
