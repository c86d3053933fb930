async function show(list) {
  const answer = await fetch("/api/templates");
  const { templates } = await answer.json();
  for (const name of templates) {
    const item = document.createElement("li");
    item.textContent = name;
    list.append(item);
  }
}

show(document.querySelector("#templates"));
