import { useState } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { NetworkPanel } from "../inside/NetworkPanel";
import { say } from "../words/words";
import { useDress } from "./dress";
import { ViewForm } from "./ViewForm";

/** One network without a comparison around it. */
export function Alone({ detail }: { detail: NetworkDetail }) {
  const words = say.value.inside;
  const [threshold, setThreshold] = useState(detail.threshold);
  useDress();
  return (
    <>
      <header class="bar">
        <h1>
          sparse-lightning <span class="soft">{words.structure}</span>
        </h1>
        <ViewForm palettes={false} />
      </header>
      <div class="columns alone">
        <main>
          <NetworkPanel
            detail={detail}
            error={null}
            threshold={threshold}
            onThreshold={setThreshold}
            onClose={null}
            onRegister={null}
            runAddress={null}
          />
        </main>
      </div>
    </>
  );
}
