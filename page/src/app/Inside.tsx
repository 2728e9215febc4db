import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { NetworkPanel } from "../inside/NetworkPanel";
import { change, choice } from "../state/choice";
import { say } from "../words/words";
import { from, histories, networks, overview, runs } from "./loading";
import { asked, leave, runAddress } from "./opening";
import { RegisterDialog } from "./RegisterDialog";

/** The networks that are looked into, at most two, side by side. */
export function Inside() {
  const words = say.value.app;
  const registering = useSignal<string | null>(null);
  const { open, threshold } = choice.value;
  const table = runs.value.value?.table;
  if (!open.length || !table) return null;
  const writes = from.live && overview.value.value?.writes;
  return (
    <section class="inside-all" aria-label={words.inside}>
      <div class="inside-row">
        {open.map((id) => {
          const network = networks.value[id];
          const history = histories.value[id];
          const place = table.place(id);
          return (
            <Shown key={id} id={id} ready={!!network && !network.busy}>
              <NetworkPanel
                detail={network?.value ?? null}
                history={history?.value ?? null}
                error={network?.error ?? null}
                threshold={threshold[id] ?? network?.value?.threshold ?? 0.01}
                onThreshold={(value) =>
                  change({ threshold: { ...choice.value.threshold, [id]: value } }, "replace")
                }
                onClose={() => leave(id)}
                onRegister={
                  writes
                    ? () => {
                        registering.value = id;
                      }
                    : null
                }
                runAddress={place < 0 ? null : runAddress(place)}
              />
            </Shown>
          );
        })}
      </div>
      {registering.value && (
        <RegisterDialog
          id={registering.value}
          onClose={() => {
            registering.value = null;
          }}
        />
      )}
    </section>
  );
}

interface ShownProps {
  id: string;
  /** Whether the panel is as high as it will be. */
  ready: boolean;
  children: ComponentChildren;
}

/** A panel that is brought into sight, and has the focus, when it was asked for. */
function Shown({ id, ready, children }: ShownProps) {
  const place = useRef<HTMLDivElement>(null);
  const wanted = asked.value;
  useEffect(() => {
    if (!ready || wanted?.id !== id) return;
    // In a report the frame grows first: it has no room for the panel before.
    const request = requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        asked.value = null;
        place.current?.focus({ preventScroll: true });
        place.current?.scrollIntoView({ block: "start" });
      }),
    );
    return () => cancelAnimationFrame(request);
  }, [id, ready, wanted]);
  return (
    <div class="shown" ref={place} tabIndex={-1}>
      {children}
    </div>
  );
}
