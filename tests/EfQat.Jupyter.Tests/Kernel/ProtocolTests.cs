using System.Text.Json;

namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>Every message type, over the wire.</summary>
public sealed class ProtocolTests(KernelProcess kernel) : IClassFixture<KernelProcess>, IDisposable
{
    readonly RawClient client = new RawClient(kernel).Ready();

    public void Dispose() => client.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void Kernel_info_on_shell_and_control(bool onControl)
    {
        var info = client.Request("kernel_info_request", new { }, onControl).Reply;
        Assert.Equal("ok", info.GetProperty("status").GetString());
        Assert.Equal("5.4", info.GetProperty("protocol_version").GetString());
        Assert.Equal("C#", info.GetProperty("language_info").GetProperty("name").GetString());
        Assert.Equal(".cs", info.GetProperty("language_info").GetProperty("file_extension").GetString());
    }

    [Fact]
    public void A_cell_is_busy_input_streams_result_idle_in_this_order()
    {
        var done = client.Run("Console.WriteLine(\"out\"); Console.Error.WriteLine(\"err\"); display(\"shown\"); Console.Write(\"late\"); 6 * 7");
        Assert.Equal("ok", done.Status);
        Assert.Equal("42", done.Result);
        Assert.Equal(("out\nlate", "err\n"), (done.Stream("stdout"), done.Stream("stderr")));
        Assert.Equal(
            ["status", "execute_input", "stream", "stream", "display_data", "stream", "execute_result", "status"],
            done.Outputs.Select(o => o.Type));
    }

    [Fact]
    public void State_and_top_level_await_carry_over()
    {
        client.Run("int carried = await Task.FromResult(20);");
        client.Run("int Twice(int n) => 2 * n;");
        Assert.Equal("41", client.Run("await Task.Delay(5); Twice(carried) + 1").Result);
    }

    [Fact]
    public void A_display_is_updated_in_place()
    {
        var done = client.Run("var shown = display(\"one\"); shown.Update(\"two\");");
        var (first, second) = (Assert.Single(done.Of("display_data")), Assert.Single(done.Of("update_display_data")));
        Assert.Equal(("one", "two"), (Exchange.Plain(first), Exchange.Plain(second)));
        string Id(JsonElement e) => e.GetProperty("transient").GetProperty("display_id").GetString()!;
        Assert.Equal(Id(first), Id(second));
    }

    [Fact]
    public void A_compile_error_shows_line_and_caret()
    {
        var done = client.Run("int fine = 1;\nint bad = nothing + 1;");
        Assert.Equal("error", done.Status);
        var error = Assert.Single(done.Of("error"));
        Assert.Equal("CompileError", error.GetProperty("ename").GetString());
        var trace = error.GetProperty("traceback").EnumerateArray().Select(line => Plain(line.GetString()!)).ToArray();
        Assert.Matches(@"^cell\[\d+\]\(2,11\): error CS0103: ", trace[0]);
        Assert.Equal("    int bad = nothing + 1;", trace[1]);
        Assert.Equal("              ^^^^^^^", trace[2]);
    }

    [Fact]
    public void A_run_time_error_shows_the_users_lines_only_and_variables_stay()
    {
        var done = client.Run("int kept = 3;\nint Half(int n) =>\n    n / 0.ToString().IndexOf('0');\nHalf(kept);");
        var error = Assert.Single(done.Of("error"));
        Assert.Equal("DivideByZeroException", error.GetProperty("ename").GetString());
        string[] trace = [.. error.GetProperty("traceback").EnumerateArray().Select(line => Plain(line.GetString()!))];
        Assert.Equal(3, trace.Length);
        Assert.Matches(@"^   at cell\[\d+\], line 3: n / 0\.ToString", trace[1]);
        Assert.Matches(@"^   at cell\[\d+\], line 4: Half\(kept\);", trace[2]);
        Assert.Equal("3", client.Run("kept").Result);
    }

    [Fact]
    public void Cells_that_wait_behind_an_error_are_aborted_where_asked()
    {
        string slow = client.Start("Thread.Sleep(300); throw new Exception();"), next = client.Start("1");
        Assert.Equal(("error", "aborted"), (client.Finish(slow).Status, client.Finish(next).Status));
        slow = client.Start("Thread.Sleep(300); throw new Exception();", stopOnError: false);
        next = client.Start("1");
        Assert.Equal(("error", "ok"), (client.Finish(slow).Status, client.Finish(next).Status));
    }

    [Fact]
    public void Silent_cells_leave_no_output_and_no_number()
    {
        int before = client.Run("1").Reply.GetProperty("execution_count").GetInt32();
        var silent = client.Request("execute_request", new { code = "Console.WriteLine(5); 5", silent = true });
        Assert.Equal(["status", "status"], silent.Outputs.Select(o => o.Type));
        Assert.Equal(before + 1, client.Run("1").Reply.GetProperty("execution_count").GetInt32());
    }

    [Fact]
    public void User_expressions_are_evaluated_one_by_one()
    {
        var done = client.Request("execute_request", new { code = "var u = 4;", user_expressions = new { good = "u * 2", bad = "no_such" } });
        var values = done.Reply.GetProperty("user_expressions");
        Assert.Equal("8", Exchange.Plain(values.GetProperty("good")));
        Assert.Equal("error", values.GetProperty("bad").GetProperty("status").GetString());
    }

    [Fact]
    public void ReadLine_asks_the_front_end()
    {
        client.Answer = prompt => prompt == "" ? "Ada" : "secret";
        Assert.Equal("Ada secret", client.Run("Console.ReadLine() + \" \" + password(\"Password: \")").Result);
        var refused = client.Request("execute_request", new { code = "Console.ReadLine()", allow_stdin = false });
        Assert.Contains("cannot ask for input", refused.Reply.GetProperty("evalue").GetString());
    }

    [Fact]
    public void Completion_knows_members_and_earlier_cells()
    {
        client.Run("var remembered = new List<string>();");
        string[] Matches(string code) =>
            [.. client.Request("complete_request", new { code, cursor_pos = code.Length }).Reply.GetProperty("matches").EnumerateArray().Select(m => m.GetString()!)];
        Assert.Equal(["remembered"], Matches("var x = rememb"));
        Assert.Contains("AddRange", Matches("remembered.Add"));
        Assert.Contains("Select", Matches("remembered.Sel"));
        Assert.DoesNotContain("Add", Matches("List<int>.A"));
        Assert.Contains("WriteLine", Matches("\"😀\".ToString(); Console.Wri"[..]));
    }

    [Fact]
    public void Completion_counts_code_points()
    {
        const string code = "\"😀\".Len";
        var reply = client.Request("complete_request", new { code, cursor_pos = code.Length - 1 }).Reply;
        Assert.Equal("Length", Assert.Single(reply.GetProperty("matches").EnumerateArray()).GetString());
        Assert.Equal((4, 7), (reply.GetProperty("cursor_start").GetInt32(), reply.GetProperty("cursor_end").GetInt32()));
    }

    [Fact]
    public void Inspection_shows_signature_and_documentation()
    {
        var found = client.Request("inspect_request", new { code = "Quantize.Model(null)", cursor_pos = 3, detail_level = 0 }).Reply;
        Assert.True(found.GetProperty("found").GetBoolean());
        Assert.Contains("class EfQat.Quantization.Quantize", Exchange.Plain(found));
        Assert.False(client.Request("inspect_request", new { code = "zzz", cursor_pos = 1, detail_level = 0 }).Reply.GetProperty("found").GetBoolean());
    }

    [Theory]
    [InlineData("1 + 1", "complete")]
    [InlineData("if (true) {", "incomplete")]
    [InlineData("int x = );", "invalid")]
    public void Is_complete(string code, string status) => Assert.Equal(status, client.Request("is_complete_request", new { code }).Status);

    [Fact]
    public void History_has_the_last_cells()
    {
        client.Run("\"for the history\"");
        var cells = client.Request("history_request", new { hist_access_type = "tail", n = 1, output = true, raw = true }).Reply.GetProperty("history");
        var cell = Assert.Single(cells.EnumerateArray());
        Assert.Equal("\"for the history\"", cell[2][0].GetString());
        Assert.Equal("for the history", cell[2][1].GetString());
    }

    [Fact]
    public void Comms_are_refused_politely()
    {
        Assert.Empty(client.Request("comm_info_request", new { }).Reply.GetProperty("comms").EnumerateObject());
        client.SendRaw(client.Frames("comm_open", """{"comm_id": "7", "target_name": "none", "data": {}}""", out var id));
        Assert.True(client.WaitFor(id, "comm_close"));
    }

    [Fact]
    public void Two_clients_share_variables_and_each_gets_its_own_reply()
    {
        using var other = new RawClient(kernel).Ready();
        string[] mine = [.. Enumerable.Range(0, 20).Select(i => client.Start($"{i}"))], theirs = [.. Enumerable.Range(0, 20).Select(i => other.Start($"{100 + i}"))];
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), mine.Select(id => client.Finish(id).Result));
        Assert.Equal(Enumerable.Range(100, 20).Select(i => $"{i}"), theirs.Select(id => other.Finish(id).Result));
    }

    [Fact]
    public void Background_output_stays_with_its_cell()
    {
        string first = client.Start("_ = Task.Run(async () => { await Task.Delay(400); Console.WriteLine(\"from the first\"); });");
        client.Finish(first);
        var second = client.Run("Thread.Sleep(800); Console.WriteLine(\"from the second\");");
        Assert.Equal("from the second\n", second.Stream("stdout"));
        Assert.Equal("from the first\n", client.Finish(first).Stream("stdout"));
    }

    [Fact]
    public void Ten_thousand_prints_all_arrive_in_few_messages()
    {
        var done = client.Run("for (int i = 0; i < 10_000; i++) Console.WriteLine(i);");
        Assert.Equal(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i}\n")), done.Stream("stdout"));
        Assert.InRange(done.Of("stream").Length, 1, 200);
    }

    [Fact]
    public void A_formatter_that_throws_is_reported_and_the_kernel_goes_on()
    {
        Assert.Equal("Rude cannot be shown: InvalidOperationException: no", client.Run("class Rude { public override string ToString() => throw new InvalidOperationException(\"no\"); }\nnew Rude()").Result);
        Assert.Equal("1", client.Run("1").Result);
    }

    [Fact]
    public void Messages_that_are_wrong_are_dropped_or_answered_and_the_kernel_goes_on()
    {
        client.SendRaw([1, 2, 3]);
        client.SendRaw("<IDS|MSG>"u8.ToArray());
        client.SendRaw(client.Frames("execute_request", """{"code": "Environment.Exit(1);"}""", out var forged, otherKey: [9]));
        byte[][] unsigned = client.Frames("execute_request", """{"code": "Environment.Exit(1);"}""", out _);
        client.SendRaw([unsigned[0], [], .. unsigned[2..]]);
        client.SendRaw(client.Frames("execute_request", "this is not JSON", out _));
        client.SendRaw(client.Frames("execute_request", "{}", out _, header: "null"));
        client.SendRaw(client.Frames("no_such_request", "{}", out _));
        client.SendRaw(client.Frames("execute_request", """{"code": 5}""", out var mistyped));
        Assert.Equal("error", client.Finish(mistyped).Status);
        Assert.Equal("2", client.Run("1 + 1").Result);
        Assert.Throws<TimeoutException>(() => client.Finish(forged, seconds: 0));
        lock (kernel.Log) Assert.Equal(2, kernel.Log.Count(line => line.Contains("wrong signature")));
    }

    [Fact]
    public void The_heart_beats_while_a_cell_computes()
    {
        string cell = client.Start("var until = DateTime.Now.AddSeconds(1); while (DateTime.Now < until) { }");
        Assert.True(client.Beats());
        Assert.Equal("ok", client.Finish(cell).Status);
    }

    static string Plain(string coloured) => System.Text.RegularExpressions.Regex.Replace(coloured, "\e\\[\\d+m", "");
}
