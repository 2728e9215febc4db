import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Registered } from "../data/types";
import { say } from "../words/words";
import { from, overview } from "./loading";

/** Asks for the name of a model and registers a network as its next version. */
export function RegisterDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const words = say.value.app;
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useSignal("");
  const busy = useSignal(false);
  const refused = useSignal<string | null>(null);
  const done = useSignal<Registered | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const register = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    refused.value = null;
    try {
      done.value = await from.register(id, name.value);
    } catch (error) {
      refused.value = error instanceof Error ? error.message : String(error);
    }
    busy.value = false;
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="register">
      <form onSubmit={register}>
        <h2 id="register">{words.register}</h2>
        {done.value ? (
          <p role="status">
            <a href={`${overview.value.value?.mlflow ?? ""}${done.value.address}`}>
              <bdi>{words.registered(done.value.name, done.value.version)}</bdi>
            </a>
          </p>
        ) : (
          <label class="field">
            <span>{words.registerName}</span>
            <input
              required
              maxLength={250}
              value={name.value}
              onInput={(event) => {
                name.value = event.currentTarget.value;
              }}
            />
          </label>
        )}
        {refused.value && (
          <p class="error" role="alert">
            <bdi>{refused.value}</bdi>
          </p>
        )}
        <div class="row">
          {!done.value && (
            <button type="submit" disabled={busy.value || !name.value}>
              {busy.value ? words.loading : words.register}
            </button>
          )}
          <button type="button" onClick={() => dialog.current?.close()}>
            {done.value ? words.close : words.cancel}
          </button>
        </div>
      </form>
    </dialog>
  );
}
