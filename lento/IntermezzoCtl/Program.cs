Console.Error.WriteLine("intermezzo-ctl");
