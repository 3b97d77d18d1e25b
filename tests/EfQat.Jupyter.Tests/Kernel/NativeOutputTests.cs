namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>What does not go through Console: C's own streams and child processes.</summary>
public sealed class NativeOutputTests(KernelProcess kernel) : IClassFixture<KernelProcess>, IDisposable
{
    const string Native = """
        [System.Runtime.InteropServices.DllImport("libc")] static extern int puts(string text);
        [System.Runtime.InteropServices.DllImport("libc")] static extern nint write(int descriptor, byte[] text, nint count);
        void WriteError(string text) => write(2, Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetByteCount(text));
        """;

    readonly RawClient client = new RawClient(kernel).Ready();

    public void Dispose() => client.Dispose();

    [Fact]
    public void It_belongs_to_the_cell_and_stands_in_order()
    {
        client.Run(Native);
        var done = client.Run("puts(\"before\"); display(\"shown\"); puts(\"after – ½\"); WriteError(\"warning\\n\"); puts(\"end\"); 7");
        Assert.Equal(("before\nafter – ½\nend\n", "warning\n"), (done.Stream("stdout"), done.Stream("stderr")));
        var types = done.Outputs.Select(o => o.Type).ToList();
        Assert.Equal(types.IndexOf("stream") + 1, types.IndexOf("display_data"));
        Assert.True(types.LastIndexOf("stream") < types.IndexOf("execute_result"));
        Assert.Equal("", client.Run("1").Stream("stdout"));
    }

    [Fact]
    public void More_than_a_pipe_holds_arrives_whole()
    {
        client.Run(Native);
        var done = client.Run("for (int i = 0; i < 20_000; i++) puts($\"line {i} ½\");");
        Assert.Equal(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i} ½\n")), done.Stream("stdout"));
    }

    [Fact]
    public void Child_processes_print_into_the_cell() =>
        Assert.Equal("from a child\n", client.Run("Process.Start(\"echo\", \"from a child\").WaitForExit();").Stream("stdout"));

    [Fact]
    public void Stop_still_works_while_native_code_prints()
    {
        client.Run(Native);
        var id = client.Start("while (true) puts(\"again\");");
        Assert.True(client.WaitFor(id, "stream"));
        client.Request("interrupt_request", new { }, onControl: true);
        Assert.Equal("Interrupted", client.Finish(id).Reply.GetProperty("ename").GetString());
        Assert.Equal("2", client.Run("1 + 1").Result);
    }
}
