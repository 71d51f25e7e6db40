"""The specifications of csi-sanity (csi-test 5.5), each under its name there with a check in our own words."""
