// Makes <mindwave-chat> known to the page. Everything else is in chat.js, which does nothing alone.

import { MindwaveChat } from "./chat.js";

if (!customElements.get("mindwave-chat")) customElements.define("mindwave-chat", MindwaveChat);
