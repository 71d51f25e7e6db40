import Commands

Vineyardctl.runAndExit()
