import { useSignal } from "@preact/signals";
import { NetworkPanel } from "../inside/NetworkPanel";
import { change, choice } from "../state/choice";
import { say } from "../words/words";
import { from, histories, networks, overview, runs } from "./loading";
import { leave, runAddress } from "./opening";
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
      {open.map((id) => {
        const network = networks.value[id];
        const history = histories.value[id];
        const place = table.place(id);
        return (
          <NetworkPanel
            key={id}
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
        );
      })}
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
