const answer = await fetch("/api/visits/home", { method: "POST" });
const { stored, counted } = await answer.json();
document.querySelector("#visits").textContent = `visit ${stored} (${counted} since Redis started)`;
