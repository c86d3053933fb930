const answer = await fetch("/api/templates");
const { templates } = await answer.json();
for (const name of templates) {
  const item = document.createElement("li");
  item.textContent = name;
  document.querySelector("#templates").append(item);
}
