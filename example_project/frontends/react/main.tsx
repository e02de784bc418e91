import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { MindwaveChat } from "./MindwaveChat";

const place = document.getElementById("chat")!;

export const root = createRoot(place);
root.render(
  <StrictMode>
    <MindwaveChat apiEndpoint={place.dataset.apiEndpoint!} />
  </StrictMode>,
);
