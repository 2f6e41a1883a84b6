import { mount } from "svelte";
import App from "./App.svelte";
import { AppState } from "./app.svelte";
import { choosePlatform } from "./platform";
import "./styles/tokens.css";
import "./styles/base.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has the element that the window is mounted on");

const app = new AppState(await choosePlatform());
app.theme.start();
app.characterKeys.start();
mount(App, { target, props: { app } });
void app.start();
