"""What Jupyter's own client and nbclient see: runs with JUPYTER_DATA_DIR set to where the kernel is installed; prints JSON."""
import json
import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

NAME = "efqat-csharp"


def notebook():
    cells = ["int n = 20;", 'Console.WriteLine("hello"); n + 1', "new[] { new { A = 1, B = 2.5 } }", "display(n).Update(n * 2);"]
    cells += [f"n += {i}; n" for i in range(200)]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(nb, kernel_name=NAME, timeout=60).execute()
    nbformat.validate(nb)
    return [[dict(o) for o in cell.outputs] for cell in nb.cells]


def restart():
    manager, client = start_new_kernel(kernel_name=NAME, startup_timeout=60)
    try:
        client.execute("int gone = 1; while (true) { }")
        manager.restart_kernel(now=False)
        client.wait_for_ready(timeout=60)
        return client.execute_interactive("gone", timeout=60, output_hook=lambda _: None)["content"]["evalue"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


print(json.dumps({"outputs": notebook(), "after_restart": restart()}))
