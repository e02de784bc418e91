import { createApp } from "vue";

import MindwaveChat from "./MindwaveChat.vue";

const place = document.getElementById("chat")!;

export const app = createApp(MindwaveChat, { ...place.dataset });
app.mount(place);
